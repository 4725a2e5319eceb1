#include "core/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/prng.h"

namespace ringway::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration since_epoch) {
    return Instant{since_epoch};
}

// Writes down its number when it fires.
struct Probe {
    Probe(int number_, std::vector<int>& fired_) : number(number_), fired(fired_) {}
    void on_timeout() noexcept { fired.push_back(number); }

    int number;
    std::vector<int>& fired;
    TimerOf<Probe> timer{*this};
};

class TimerWheelTest : public testing::Test {
protected:
    ~TimerWheelTest() override {
        for (auto& probe : probes) wheel.disarm(probe->timer);
    }
    Probe& add(Duration deadline) {
        probes.push_back(std::make_unique<Probe>(static_cast<int>(probes.size()), fired));
        arm(*probes.back(), deadline);
        return *probes.back();
    }
    void arm(Probe& probe, Duration deadline) {
        wheel.arm(probe.timer.then<&Probe::on_timeout>(), at(deadline));
        wheel.validate();
    }
    void advance(Duration now) {
        wheel.advance(at(now));
        wheel.validate();
    }

    TimerWheel wheel{at(0ms)};
    std::vector<int> fired;
    std::vector<std::unique_ptr<Probe>> probes;
};

using Numbers = std::vector<int>;

static_assert(sizeof(TimerOf<Probe>) <= 40);

TEST_F(TimerWheelTest, FiresInDeadlineOrderAndTiesInArmingOrder) {
    add(70ms);
    add(5ms);
    add(70ms);
    add(69ms);
    advance(100ms);
    EXPECT_EQ(fired, (Numbers{1, 3, 0, 2}));
    EXPECT_EQ(wheel.size(), 0U);
}

TEST_F(TimerWheelTest, NeverFiresEarlyAndRoundsUpToTheTick) {
    Probe& probe = add(3ms + 1ns);
    EXPECT_EQ(probe.timer.deadline(), at(4ms));
    advance(4ms - 1ns);
    EXPECT_TRUE(fired.empty());
    advance(4ms);
    EXPECT_EQ(fired, Numbers{0});
}

TEST_F(TimerWheelTest, FiresAPastDeadlineWithTheNextTick) {
    advance(50ms);
    add(10ms);
    EXPECT_EQ(wheel.next_deadline(), at(51ms));
    advance(50ms);
    EXPECT_TRUE(fired.empty());
    advance(51ms);
    EXPECT_EQ(fired, Numbers{0});
}

TEST_F(TimerWheelTest, KeepsTheLaterDeadlineOfATimerThatWasPushedOn) {
    Probe& probe = add(10ms);
    arm(probe, 200ms);
    arm(probe, 5'000ms);
    // Its old slot still wakes the loop once: early, never late.
    EXPECT_EQ(wheel.next_deadline(), at(10ms));
    advance(4'999ms);
    EXPECT_TRUE(fired.empty());
    EXPECT_EQ(wheel.next_deadline(), at(5'000ms));
    advance(5'000ms);
    EXPECT_EQ(fired, Numbers{0});
}

TEST_F(TimerWheelTest, TakesAnEarlierDeadlineAtOnce) {
    Probe& probe = add(10'000ms);
    arm(probe, 3ms);
    EXPECT_EQ(wheel.next_deadline(), at(3ms));
    advance(3ms);
    EXPECT_EQ(fired, Numbers{0});
}

TEST_F(TimerWheelTest, PutsAPushedOnTimerBehindOneArmedBefore) {
    Probe& pushed = add(10ms);
    add(300ms);
    arm(pushed, 300ms);  // Armed last, though it stands in an earlier slot.
    add(300ms);
    advance(300ms);
    EXPECT_EQ(fired, (Numbers{1, 0, 2}));
}

TEST_F(TimerWheelTest, DisarmedTimersDoNotFire) {
    Probe& probe = add(10ms);
    add(10ms);
    wheel.disarm(probe.timer);
    wheel.disarm(probe.timer);
    EXPECT_FALSE(probe.timer.is_armed());
    advance(20ms);
    EXPECT_EQ(fired, Numbers{1});
}

TEST_F(TimerWheelTest, AnEmptyWheelHasNoDeadline) {
    EXPECT_EQ(wheel.next_deadline(), Instant::max());
    Probe& probe = add(10ms);
    EXPECT_EQ(wheel.next_deadline(), at(10ms));
    wheel.disarm(probe.timer);
    EXPECT_EQ(wheel.next_deadline(), Instant::max());
}

TEST_F(TimerWheelTest, FiresDeadlinesOfEveryMagnitude) {
    std::vector<Duration> deadlines;
    for (Duration deadline = 1ms; deadline < 24h * 365 * 30; deadline *= 3) {
        deadlines.push_back(deadline);
        add(deadline);
    }
    for (std::size_t i = 0; i < deadlines.size(); i++) {
        // Steps of at least half the way: coarse slots are sorted into finer ones as time goes.
        for (Instant next = wheel.next_deadline(); next < at(deadlines[i]);
             next = wheel.next_deadline()) {
            wheel.advance(next);
            ASSERT_EQ(fired.size(), i);
        }
        advance(deadlines[i]);
        ASSERT_EQ(fired.size(), i + 1);
        ASSERT_EQ(fired.back(), static_cast<int>(i));
    }
}

TEST_F(TimerWheelTest, ADeadlineBeyondAllTimeNeverFires) {
    wheel.disarm(add(5ms).timer);
    probes.push_back(std::make_unique<Probe>(1, fired));
    wheel.arm(probes.back()->timer.then<&Probe::on_timeout>(), Instant::max());
    advance(24h * 365 * 34);
    EXPECT_TRUE(fired.empty());
    EXPECT_TRUE(probes.back()->timer.is_armed());
}

TEST_F(TimerWheelTest, DumpNamesWhatIsArmed) {
    add(7ms);
    add(1'000ms);
    EXPECT_EQ(wheel.dump(), "2 timers at 0 ms\nlevel 0 from 7 ms: 7\nlevel 1 from 960 ms: 1000\n");
}

// A handler may do everything that a caller may, to any timer.
struct Pair {
    explicit Pair(TimerWheel& wheel_) : wheel(wheel_) {}
    void on_first() noexcept {
        calls++;
        switch (deed) {
            case Deed::disarm_second:
                wheel.disarm(second);
                return;
            case Deed::push_second_on:
                wheel.arm(second, Instant{20ms});
                return;
            case Deed::pull_second_to_the_past:
                wheel.arm(second, Instant{0ms});
                return;
        }
    }
    void on_second() noexcept { calls += 10; }

    enum class Deed : std::uint8_t { disarm_second, push_second_on, pull_second_to_the_past };
    TimerWheel& wheel;
    Deed deed = Deed::disarm_second;
    int calls = 0;
    TimerOf<Pair> first{*this};
    TimerOf<Pair> second{*this};
};

class TimerWheelHandlers : public testing::TestWithParam<Pair::Deed> {
protected:
    void arm_both() {
        pair.deed = GetParam();
        wheel.arm(pair.first.then<&Pair::on_first>(), Instant{10ms});
        wheel.arm(pair.second.then<&Pair::on_second>(), Instant{10ms});
    }
    TimerWheel wheel{Instant{}};
    Pair pair{wheel};
};

TEST_P(TimerWheelHandlers, MayChangeATimerThatIsDueInTheSameTick) {
    arm_both();
    wheel.advance(Instant{10ms});
    wheel.validate();
    EXPECT_EQ(pair.calls, 1);
    EXPECT_EQ(pair.second.is_armed(), GetParam() != Pair::Deed::disarm_second);
    wheel.advance(Instant{11ms});
    EXPECT_EQ(pair.calls, GetParam() == Pair::Deed::pull_second_to_the_past ? 11 : 1);
    wheel.advance(Instant{20ms});
    EXPECT_EQ(pair.calls, GetParam() == Pair::Deed::disarm_second ? 1 : 11);
    EXPECT_EQ(wheel.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Deeds, TimerWheelHandlers,
                         testing::Values(Pair::Deed::disarm_second, Pair::Deed::push_second_on,
                                         Pair::Deed::pull_second_to_the_past));

struct Ticker {
    explicit Ticker(TimerWheel& wheel_) : wheel(wheel_) {}
    void on_tick() noexcept {
        count++;
        wheel.arm(timer, Instant{});  // For the past, always.
    }
    TimerWheel& wheel;
    int count = 0;
    TimerOf<Ticker> timer{*this};
};

TEST(TimerWheel, ATimerThatAlwaysArmsItselfForThePastFiresOncePerTick) {
    TimerWheel wheel{Instant{}};
    Ticker ticker{wheel};
    wheel.arm(ticker.timer.then<&Ticker::on_tick>(), Instant{});
    wheel.advance(Instant{100ms});
    EXPECT_EQ(ticker.count, 100);
    wheel.disarm(ticker.timer);
}

struct Mortal {
    Mortal(TimerWheel& wheel_, int& deaths_) : wheel(wheel_), deaths(deaths_) {}
    ~Mortal() {
        wheel.disarm(other);
        deaths++;
    }
    void on_timeout() noexcept { delete this; }

    TimerWheel& wheel;
    int& deaths;
    TimerOf<Mortal> timer{*this};
    TimerOf<Mortal> other{*this};
};

TEST(TimerWheel, AHandlerMayDestroyItsOwner) {
    TimerWheel wheel{Instant{}};
    int deaths = 0;
    for (int i = 0; i < 3; i++) {
        auto* mortal = new Mortal{wheel, deaths};
        wheel.arm(mortal->timer.then<&Mortal::on_timeout>(), Instant{5ms});
        // Due in the same tick: disarmed by the destructor before its turn.
        wheel.arm(mortal->other.then<&Mortal::on_timeout>(), Instant{5ms});
    }
    wheel.advance(Instant{5ms});
    EXPECT_EQ(deaths, 3);
    EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimerWheelDeathTest, ATimerMustNotDieArmed) {
    TimerWheel wheel{Instant{}};
    EXPECT_DEATH(
        {
            Ticker ticker{wheel};
            wheel.arm(ticker.timer.then<&Ticker::on_tick>(), Instant{5ms});
        },
        "CHECK failed: !is_armed");
}

// The wheel against a sorted map, under a random mix of everything, handlers included.
class Model {
public:
    using Key = std::pair<std::int64_t, std::uint64_t>;  // Tick, order of arming.

    explicit Model(std::uint64_t seed) : prng_(seed), keys_(timer_count) {
        for (int i = 0; i < timer_count; i++) owners_.push_back(std::make_unique<Owner>(*this, i));
    }
    ~Model() {
        for (auto& owner : owners_) wheel_.disarm(owner->timer);
    }
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    void step() {
        operations_++;
        if (prng_.chance(0.1)) {
            advance();
        } else {
            change_one();
        }
        if (operations_ % 64 == 0) wheel_.validate();
        ASSERT_EQ(wheel_.size(), armed_.size());
        const Instant next = wheel_.next_deadline();
        if (armed_.empty()) {
            ASSERT_EQ(next, Instant::max());
        } else {
            ASSERT_LE(next, Instant{armed_.begin()->first.first * 1ms});
            ASSERT_GT(next, Instant{tick_ * 1ms});
        }
    }
    std::uint64_t fired_total() const { return fired_total_; }

private:
    static constexpr int timer_count = 200;

    struct Owner {
        Owner(Model& model_, int number_) : model(model_), number(number_) {}
        void on_timeout() noexcept { model.on_fired(number); }
        Model& model;
        int number;
        TimerOf<Owner> timer{*this};
    };

    // Mostly near, sometimes far, sometimes past; often the same for many timers.
    Duration draw_deadline() {
        const auto magnitude = static_cast<unsigned>(prng_.uniform(24));
        const auto distance =
            static_cast<std::int64_t>(prng_.uniform(std::uint64_t{1} << magnitude));
        const Duration now = tick_ * 1ms + 1us * static_cast<std::int64_t>(prng_.uniform(1000));
        return std::max<Duration>(0ms, now + 1ms * distance - 3ms);
    }

    void change_one() {
        const auto number = static_cast<std::size_t>(prng_.uniform(timer_count));
        forget(number);
        if (prng_.chance(0.2)) return wheel_.disarm(owners_[number]->timer);
        const Duration deadline = draw_deadline();
        wheel_.arm(owners_[number]->timer.then<&Owner::on_timeout>(), Instant{deadline});
        const std::int64_t tick = (deadline + 1ms - 1ns) / 1ms;
        keys_[number] = {std::max(tick, tick_ + 1), ++armings_};
        armed_.emplace(keys_[number], static_cast<int>(number));
    }

    void forget(std::size_t number) {
        armed_.erase(keys_[number]);
        keys_[number] = {};
    }

    void advance() {
        const auto magnitude = static_cast<unsigned>(prng_.uniform(16));
        target_ = tick_ + static_cast<std::int64_t>(prng_.uniform(std::uint64_t{1} << magnitude));
        const Duration rest = 1ns * static_cast<std::int64_t>(prng_.uniform(1'000'000));
        wheel_.advance(Instant{target_ * 1ms + rest});
        tick_ = target_;
        ASSERT_TRUE(armed_.empty() || armed_.begin()->first.first > tick_);
    }

    void on_fired(int number) noexcept {
        fired_total_++;
        ASSERT_FALSE(armed_.empty());
        ASSERT_EQ(armed_.begin()->second, number) << wheel_.dump();
        tick_ = armed_.begin()->first.first;
        ASSERT_LE(tick_, target_);
        forget(static_cast<std::size_t>(number));
        while (prng_.chance(0.45)) change_one();
    }

    Prng prng_;
    TimerWheel wheel_{Instant{}};
    std::vector<std::unique_ptr<Owner>> owners_;
    std::vector<Key> keys_;
    std::map<Key, int> armed_;
    std::int64_t tick_ = 0;
    std::int64_t target_ = 0;
    std::uint64_t armings_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t fired_total_ = 0;
};

TEST(TimerWheel, AgreesWithASortedMapOverManyOperations) {
    for (std::uint64_t seed = 1; seed <= 10; seed++) {
        Model model{seed};
        for (int i = 0; i < 30'000; i++) {
            model.step();
            ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << " step " << i;
        }
        EXPECT_GT(model.fired_total(), 10'000U);
    }
}

TEST(TimerWheel, SortsManyTimersThatWerePushedOnToOneTickInAnyOrder) {
    TimerWheel wheel{Instant{}};
    std::vector<int> fired;
    std::vector<std::unique_ptr<Probe>> probes;
    Prng prng{7};
    for (int i = 0; i < 5'000; i++) {
        probes.push_back(std::make_unique<Probe>(i, fired));
        const auto first = 1ms * static_cast<std::int64_t>(1 + prng.uniform(3'000));
        wheel.arm(probes.back()->timer.then<&Probe::on_timeout>(), at(first));
    }
    for (auto& probe : probes) wheel.arm(probe->timer, at(4'000ms));
    wheel.advance(at(4'000ms));
    ASSERT_EQ(fired.size(), 5'000U);
    for (int i = 0; i < 5'000; i++) ASSERT_EQ(fired[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace ringway::core
