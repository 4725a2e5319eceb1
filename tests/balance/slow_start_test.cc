#include "balance/slow_start.h"

#include <gtest/gtest.h>

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;

TEST(SlowStart, RisesStraightFromTheLeastToTheWhole) {
    const SlowStart settings{.window = 30s, .least = 0.05F};
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 0s}), 0.05F);
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 15s}), 0.5F);
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 30s}), 1);
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 300s}), 1);
}

TEST(SlowStart, WaitsForRequestsToo) {
    const SlowStart settings{.window = 30s, .requests = 1'000};
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 60s, .requests = 250}), 0.25F);
    EXPECT_FLOAT_EQ(slow_start_factor(settings, {.time = 6s, .requests = 5'000}), 0.2F);
}

TEST(SlowStart, TheShapeBendsIt) {
    const SlowStart late{.window = 10s, .shape = 2};
    EXPECT_FLOAT_EQ(slow_start_factor(late, {.time = 5s}), 0.25F);
}

TEST(SlowStart, IsOffByDefault) {
    EXPECT_FLOAT_EQ(slow_start_factor(SlowStart{}, SinceStart{}), 1);
}

}  // namespace
}  // namespace ringway::balance
