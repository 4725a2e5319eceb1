#include "balance/headroom.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include "core/prng.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::Instant;

// A backend with so many slots that serve for 10 ms in the mean, and those who wait for one.
class Slots {
public:
    explicit Slots(std::size_t slots) : free_(slots, 0.0) {}

    struct Served {
        float among;  // In flight when it came, itself included.
        Duration latency;
    };
    Served serve(double now, double work) {
        while (!ends_.empty() && ends_.top() <= now) ends_.pop();
        const auto slot = std::ranges::min_element(free_);
        const double end = std::max(now, *slot) + work;
        *slot = end;
        ends_.push(end);
        return {static_cast<float>(ends_.size()),
                Duration{static_cast<std::int64_t>((end - now) * 1e6)}};
    }

private:
    std::vector<double> free_;  // When each slot is, in ms.
    std::priority_queue<double, std::vector<double>, std::greater<>> ends_;
};

constexpr double work_ms = 10;

struct Load {
    std::size_t slots;
    double share;  // Of what the slots can do.
    bool is_even = false;
};

// Half a million requests by chance, their load rising from nothing to `share` and falling again.
void run(Headroom& headroom, std::size_t backend, const Load& load, core::Prng& prng) {
    Slots slots{load.slots};
    double now = 0;
    for (int i = 0; i < 500'000; i++) {
        const double tide = 1 - std::cos(i / 10'000.0);  // 0 to 2.
        const double rate =
            static_cast<double>(load.slots) / work_ms * load.share * std::max(0.05, tide / 2);
        now += -std::log(1 - prng.real()) / rate;
        const double work = load.is_even ? work_ms : -std::log(1 - prng.real()) * work_ms;
        const Slots::Served served = slots.serve(now, work);
        headroom.on_answered(backend, served.among, served.latency);
    }
}

// The promise: within a fifth or half a request, for backends that have been pressed.
TEST(Headroom, LearnsTheSlotsOfABackendWithinAFifth) {
    for (const std::size_t slots : {1U, 2U, 4U, 8U, 20U, 64U, 200U}) {
        for (const bool is_even : {false, true}) {
            core::Prng prng{slots};
            Headroom headroom{1};
            run(headroom, 0, {.slots = slots, .share = 1.05, .is_even = is_even}, prng);
            const auto expected = static_cast<float>(slots);
            EXPECT_NEAR(headroom.knee(0), expected, std::max(0.2F * expected, 0.5F))
                << slots << (is_even ? " even" : " exponential");
        }
    }
}

TEST(Headroom, WhoWasNeverPressedIsKnownToBearWhatItBore) {
    core::Prng prng{1};
    Headroom headroom{1};
    run(headroom, 0, {.slots = 64, .share = 0.3}, prng);
    EXPECT_GT(headroom.knee(0), 64 * 0.3);
    EXPECT_LT(headroom.knee(0), 64);
}

TEST(Headroom, NothingIsSaidOfABackendThatHasHardlyAnswered) {
    Headroom headroom{2};
    for (int i = 0; i < 63; i++) headroom.on_answered(0, 1, 10ms);
    EXPECT_EQ(headroom.knee(0), 0);
    EXPECT_EQ(headroom.n_minus_one(), 0);
    headroom.on_answered(0, 1, 10ms);
    EXPECT_FLOAT_EQ(headroom.knee(0), 1);
    EXPECT_EQ(headroom.n_minus_one(), 0) << "the other is not known";
}

TEST(Headroom, TheLossOfTheStrongestIsWhatCounts) {
    core::Prng prng{3};
    Headroom headroom{3};
    run(headroom, 0, {.slots = 8, .share = 1.05, .is_even = true}, prng);
    run(headroom, 1, {.slots = 8, .share = 1.05, .is_even = true}, prng);
    run(headroom, 2, {.slots = 32, .share = 1.05, .is_even = true}, prng);
    Instant now{1h};
    for (int i = 0; i < 100; i++) headroom.sample(12, now += 1s);
    EXPECT_NEAR(headroom.n_minus_one(), 12.0 / 16, 0.2);
    for (int i = 0; i < 120; i++) headroom.sample(24, now += 1s);
    EXPECT_NEAR(headroom.n_minus_one(), 24.0 / 16, 0.4);
}

TEST(Headroom, TheLoadIsTheLargestMinuteOfTheLastHour) {
    Headroom headroom{1};
    Instant now{1h};
    const auto minutes = [&](int count, float load) {
        for (int i = 0; i < count * 60; i++) headroom.sample(load, now += 1s);
    };
    minutes(5, 3);
    minutes(2, 50);
    minutes(50, 4);
    EXPECT_FLOAT_EQ(headroom.load_of_hour(), 50);
    minutes(12, 4);
    EXPECT_NEAR(headroom.load_of_hour(), 4, 0.01);
    headroom.sample(1, now += 2h);
    EXPECT_FLOAT_EQ(headroom.load_of_hour(), 1);
}

TEST(Headroom, OneBackendAloneHasNobodyToLose) {
    Headroom headroom{1};
    for (int i = 0; i < 100; i++) headroom.on_answered(0, 1, 10ms);
    EXPECT_EQ(headroom.n_minus_one(), Headroom::hopeless);
}

}  // namespace
}  // namespace ringway::balance
