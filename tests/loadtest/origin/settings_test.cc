#include "loadtest/origin/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace ringway::loadtest {
namespace {

using namespace std::chrono_literals;

Delay delay_of(std::string_view text) {
    Settings settings;
    EXPECT_EQ(try_set(settings, "delay", text), "");
    return settings.delay;
}

// Sorted, in milliseconds.
std::vector<double> samples(std::string_view text, std::size_t count = 20'000) {
    core::Prng prng{1};
    const Delay delay = delay_of(text);
    std::vector<double> times(count);
    for (double& time : times) {
        time = std::chrono::duration<double, std::milli>(delay.sample(prng)).count();
    }
    std::ranges::sort(times);
    return times;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

TEST(Delay, FixedIsAlwaysTheSame) {
    const std::vector<double> times = samples("10ms", 100);
    EXPECT_EQ(times.front(), 10);
    EXPECT_EQ(times.back(), 10);
    EXPECT_EQ(delay_of("10ms"), delay_of("fixed:10ms"));
}

TEST(Delay, UniformStaysWithinItsBoundsAndFillsThem) {
    const std::vector<double> times = samples("uniform:5ms:15ms");
    EXPECT_GE(times.front(), 5);
    EXPECT_LT(times.back(), 15);
    EXPECT_LT(times.front(), 5.05);
    EXPECT_GT(times.back(), 14.95);
    EXPECT_NEAR(mean(times), 10, 0.1);  // Standard error 0.02.
}

TEST(Delay, ExponentialHasItsMeanAndItsMedian) {
    const std::vector<double> times = samples("exponential:10ms");
    EXPECT_NEAR(mean(times), 10, 0.4);  // Standard error 0.07.
    EXPECT_NEAR(times[times.size() / 2], 10 * std::log(2), 0.4);
}

TEST(Delay, ParetoHasItsMinimumAndItsTail) {
    const std::vector<double> times = samples("pareto:10ms:2");
    EXPECT_GE(times.front(), 10);
    // P(X > x) = (minimum / x)^shape: a quarter beyond 20 ms, 1 % beyond 100 ms.
    EXPECT_NEAR(times[times.size() * 3 / 4], 20, 0.5);
    EXPECT_NEAR(times[times.size() * 99 / 100], 100, 12);
}

TEST(Delay, NoSampleIsLongerThanAnHourHoweverHeavyTheTail) {
    EXPECT_LE(samples("pareto:1s:0.05", 1'000).back(), 3'600'000);
}

TEST(Delay, WhatIsNoDelayIsRefused) {
    for (const char* text : {"", "soon", "uniform:5ms", "uniform:9ms:5ms", "pareto:1ms",
                             "pareto:1ms:0", "exponential", "fixed:1ms:2ms", "none:1ms", "10"}) {
        Settings settings;
        EXPECT_NE(try_set(settings, "delay", text), "") << text;
        EXPECT_EQ(settings, Settings{}) << text;
    }
}

TEST(OriginSettings, EveryDefaultIsWrittenInAFormThatIsTaken) {
    Settings settings;
    for (const Setting& setting : settings_table()) {
        EXPECT_EQ(try_set(settings, setting.name, setting.text(Settings{})), "") << setting.name;
    }
    EXPECT_EQ(settings, Settings{});
}

TEST(OriginSettings, WhatWasSetIsWrittenInAFormThatMakesTheSame) {
    Settings settings;
    ASSERT_EQ(try_set_all(settings,
                          "size=64k,status=404,delay=uniform:1ms:2ms,error_rate=0.5,"
                          "error_status=502,hang_rate=0.25,fault=garbage,fault_rate=0.125,"
                          "fault_bytes=9,chunked=yes,drip=1k:5ms,early=on,echo=true,"
                          "idle_close=30s,slots=4,queue=5,health=silent,up=no",
                          ','),
              "");
    Settings again;
    for (const Setting& setting : settings_table()) {
        EXPECT_EQ(try_set(again, setting.name, setting.text(settings)), "") << setting.name;
        EXPECT_NE(setting.text(settings), setting.text(Settings{})) << setting.name;
    }
    EXPECT_EQ(again, settings);
}

TEST(OriginSettings, AListWithAMistakeChangesNothing) {
    Settings settings;
    EXPECT_EQ(try_set_all(settings, "size=1,status=99", ','),
              "status: '99' is not 200..599 (status of an answer)");
    EXPECT_EQ(settings, Settings{});
}

TEST(OriginSettings, DashesAreAsGoodAsUnderscores) {
    Settings settings;
    EXPECT_EQ(try_set(settings, "error-rate", "1"), "");
    EXPECT_EQ(settings.error_rate, 1);
}

}  // namespace
}  // namespace ringway::loadtest
