// Must show: slow start follows its curve within 5 %. Fleets, weights, loads and curves are drawn;
// in each quarter of a start the requests that the starting backend got are compared with what the
// curve says, request by request.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/picker.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;

constexpr int picks_each = 400'000;
constexpr int quarters = 4;
constexpr int steps = 1'000;  // Of the factor, as a shard renews it every 10 ms.

struct Start {
    std::vector<Backend> backends;
    std::size_t who = 0;
    SlowStart curve;
    std::size_t in_flight = 0;
};

float drawn_between(float low, float high, core::Prng& prng) {
    return low + (high - low) * static_cast<float>(prng.real());
}

Start draw_start(Algorithm algorithm, core::Prng& prng) {
    Start start;
    // Now and then a group that is too large to be looked at whole.
    const std::size_t count = prng.chance(0.25) ? 65 + prng.uniform(20) : 2 + prng.uniform(9);
    float weight = 0;
    for (std::size_t i = 0; i < count; i++) {
        // Two choices compare a pair, which follows weights only roughly.
        const bool is_even = algorithm == Algorithm::power_of_two;
        start.backends.push_back(
            {.identity = prng(), .weight = is_even ? 1 : static_cast<float>(1 + prng.uniform(5))});
        weight += start.backends.back().weight;
    }
    start.who = prng.uniform(count);
    start.in_flight = static_cast<std::size_t>(weight) * (4 + prng.uniform(20));
    start.curve.shape = drawn_between(0.5F, 3, prng);
    start.curve.least = drawn_between(0.03F, 0.3F, prng);
    const float share = start.backends[start.who].weight / weight;
    if (prng.chance(0.6)) start.curve.window = std::chrono::seconds(1 + prng.uniform(60));
    // As many as it gets in a half to the whole of the time, or there is no time.
    if (prng.chance(0.4) || start.curve.window.count() == 0) {
        start.curve.requests = static_cast<std::uint64_t>(drawn_between(0.1F, 0.5F, prng) * share *
                                                          static_cast<float>(picks_each));
    }
    return start;
}

class Fleet {
public:
    Fleet(const Start& start, Algorithm algorithm)
        : start_(start),
          set_(start.backends),
          load_({.backends = start.backends.size()}),
          picker_(set_, {.algorithm = algorithm}, 0),
          line_(start.in_flight, start.backends.size()) {}

    void set_factor(float factor) {
        set_.set_factor(start_.who, factor);
        picker_.settle(set_, load_, now_);
    }
    // Whether it was the one that starts.
    bool pick() {
        std::size_t& oldest = line_[picks_++ % line_.size()];
        if (oldest < set_.size()) load_.end(oldest);
        oldest = *picker_.pick(set_, load_, {.key = prng_(), .now = now_}, prng_);
        load_.begin(oldest);
        return oldest == start_.who;
    }

private:
    const Start& start_;
    BackendSet set_;
    LoadView load_;
    Picker picker_;
    std::vector<std::size_t> line_;  // Requests in flight, the oldest next.
    core::Prng prng_{3};
    core::Instant now_{1h};
    std::size_t picks_ = 0;
};

bool is_drawn(Algorithm algorithm) {
    return is_hash(algorithm) || algorithm == Algorithm::random ||
           algorithm == Algorithm::power_of_two;
}

class SlowStartCurve : public ::testing::TestWithParam<Algorithm> {
protected:
    static void follow(const Start& start) {
        Fleet fleet{start, GetParam()};
        int whole = 0;
        for (int n = 0; n < picks_each; n++) whole += fleet.pick() ? 1 : 0;
        const double share = static_cast<double>(whole) / picks_each;

        std::array<double, quarters> got{};
        std::array<double, quarters> expected{};
        std::uint64_t answered = 0;
        double part = 0;
        for (int n = 0; n < picks_each; n++) {
            if (n % (picks_each / steps) == 0) {
                const float factor = slow_start_factor(
                    start.curve,
                    {.time = start.curve.window * n / picks_each, .requests = answered});
                fleet.set_factor(factor);
                // A hash gives it that part of its keys, the others that part of its weight.
                const double kept = share * static_cast<double>(factor);
                part = is_hash(GetParam()) ? kept : kept / (kept + 1 - share);
            }
            const auto quarter = static_cast<std::size_t>(n / (picks_each / quarters));
            const bool is_its = fleet.pick();
            answered += is_its ? 1 : 0;
            got[quarter] += is_its ? 1 : 0;
            expected[quarter] += part;
        }
        for (std::size_t i = 0; i < quarters; i++) {
            // Where chance picks it has four standard deviations besides.
            const double chance = is_drawn(GetParam()) ? 4 * std::sqrt(expected[i]) : 0;
            EXPECT_NEAR(got[i], expected[i], 0.05 * expected[i] + chance) << "quarter " << i;
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Algorithms, SlowStartCurve,
                         ::testing::Values(Algorithm::round_robin, Algorithm::random,
                                           Algorithm::least_connections, Algorithm::power_of_two,
                                           Algorithm::least_time, Algorithm::peak_ewma,
                                           Algorithm::ip_hash, Algorithm::ring_hash,
                                           Algorithm::maglev),
                         [](const auto& test) { return std::string{name_of(test.param)}; });

TEST_P(SlowStartCurve, IsFollowedWithinFivePercent) {
    core::Prng prng{20};
    for (int n = 0; n < 5; n++) {
        const Start start = draw_start(GetParam(), prng);
        SCOPED_TRACE(testing::Message()
                     << n << ": " << start.backends.size() << " backends, weight "
                     << start.backends[start.who].weight << ", " << start.in_flight
                     << " in flight, shape " << start.curve.shape << ", least " << start.curve.least
                     << ", requests " << start.curve.requests);
        follow(start);
    }
}

}  // namespace
}  // namespace ringway::balance
