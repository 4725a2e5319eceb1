#include "loadtest/load/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ringway::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Instant start{seconds(100)};

std::vector<core::Duration> first(Arrivals& arrivals, std::size_t count) {
    std::vector<core::Duration> instants;
    arrivals.start(start);
    for (; instants.size() < count; arrivals.take()) instants.push_back(arrivals.next() - start);
    return instants;
}

TEST(Arrivals, EvenOnesAreEquallyFarApartAndDoNotDrift) {
    // A third of a second has no end in nanoseconds.
    Arrivals arrivals{{.per_second = 3}};
    const auto instants = first(arrivals, 3'000'001);
    EXPECT_EQ(instants[0], core::Duration{0});
    EXPECT_NEAR(static_cast<double>(instants[1].count()), 1e9 / 3, 1);
    EXPECT_EQ(instants[3'000'000], seconds(1'000'000));
}

TEST(Arrivals, SeveralGeneratorsShareARateByTheirPhases) {
    Arrivals one{{.per_second = 50, .phase = 0}};
    Arrivals other{{.per_second = 50, .phase = 0.5}};
    EXPECT_EQ(first(one, 2)[1], milliseconds(20));
    EXPECT_EQ(first(other, 1)[0], milliseconds(10));
}

TEST(Arrivals, PoissonHasItsRateAndItsSpread) {
    Arrivals arrivals{{.kind = ArrivalKind::poisson, .per_second = 1'000, .seed = 3}};
    const std::size_t count = 100'000;
    const auto instants = first(arrivals, count);
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 1; i < count; i++) {
        const double gap =
            std::chrono::duration<double, std::milli>(instants[i] - instants[i - 1]).count();
        sum += gap;
        squares += gap * gap;
    }
    const double mean = sum / (count - 1);
    const double deviation = std::sqrt(squares / (count - 1) - mean * mean);
    // The standard error of either is 0.3 %.
    EXPECT_NEAR(mean, 1, 0.02);
    EXPECT_NEAR(deviation, 1, 0.03);
}

TEST(Arrivals, PoissonFollowsFromItsSeed) {
    const auto drawn = [](std::uint64_t seed) {
        Arrivals arrivals{{.kind = ArrivalKind::poisson, .per_second = 10, .seed = seed}};
        return first(arrivals, 100);
    };
    EXPECT_EQ(drawn(1), drawn(1));
    EXPECT_NE(drawn(1), drawn(2));
}

TEST(Arrivals, AtNoRateThereAreNone) {
    Arrivals arrivals{{.per_second = 0}};
    arrivals.start(start);
    EXPECT_EQ(arrivals.next(), core::Instant::max());
}

TEST(Arrivals, WhatIsNotTakenStaysNext) {
    Arrivals arrivals{{.per_second = 100}};
    arrivals.start(start);
    arrivals.take();
    const core::Instant second = arrivals.next();
    EXPECT_EQ(arrivals.next(), second);
    EXPECT_EQ(second - start, milliseconds(10));
}

}  // namespace
}  // namespace ringway::loadtest
