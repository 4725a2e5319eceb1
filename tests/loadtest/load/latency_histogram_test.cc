#include "loadtest/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/prng.h"

namespace ringway::loadtest {
namespace {

constexpr double error_max = 1.0 / 256;

// The definition: the smallest value that at least `part` of all do not exceed.
std::int64_t exact_quantile(std::vector<std::int64_t> values, double part) {
    std::ranges::sort(values);
    const auto rank =
        static_cast<std::size_t>(std::ceil(part * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
}

// Over eleven powers of ten, as latencies are: many short, few long.
std::vector<std::int64_t> drawn(std::uint64_t seed, std::size_t count) {
    core::Prng prng{seed};
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < count; i++) {
        values.push_back(static_cast<std::int64_t>(std::pow(10, 11 * prng.real())));
    }
    return values;
}

LatencyHistogram histogram_of(const std::vector<std::int64_t>& values) {
    LatencyHistogram histogram;
    for (const std::int64_t value : values) histogram.add(core::Duration{value});
    return histogram;
}

TEST(LatencyHistogram, IsWithinItsErrorOfEveryExactQuantile) {
    for (std::uint64_t seed = 1; seed <= 20; seed++) {
        const std::vector<std::int64_t> values = drawn(seed, 2'000);
        const LatencyHistogram histogram = histogram_of(values);
        for (const double part : {0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
            const auto exact = static_cast<double>(exact_quantile(values, part));
            const auto told = static_cast<double>(histogram.quantile(part).count());
            EXPECT_NEAR(told, exact, exact * error_max) << "seed " << seed << ", part " << part;
        }
    }
}

TEST(LatencyHistogram, IsExactAtTheEndsAndInTheSum) {
    const std::vector<std::int64_t> values = drawn(7, 1'000);
    const LatencyHistogram histogram = histogram_of(values);
    std::int64_t sum = 0;
    for (const std::int64_t value : values) sum += value;
    EXPECT_EQ(histogram.smallest().count(), *std::ranges::min_element(values));
    EXPECT_EQ(histogram.largest().count(), *std::ranges::max_element(values));
    EXPECT_EQ(histogram.quantile(1).count(), *std::ranges::max_element(values));
    EXPECT_EQ(histogram.mean().count(), sum / 1'000);
}

TEST(LatencyHistogram, IsExactBelow256Nanoseconds) {
    for (std::int64_t value = 0; value < 256; value++) {
        LatencyHistogram histogram;
        histogram.add(core::Duration{value});
        histogram.add(core::Duration{1'000'000});
        EXPECT_EQ(histogram.quantile(0.5).count(), value);
    }
}

TEST(LatencyHistogram, MergedIsAsIfCountedTogether) {
    std::vector<std::int64_t> all;
    LatencyHistogram merged;
    for (std::uint64_t seed = 1; seed <= 4; seed++) {
        const std::vector<std::int64_t> values = drawn(seed, 500);
        all.insert(all.end(), values.begin(), values.end());
        merged.add(histogram_of(values));
    }
    const LatencyHistogram together = histogram_of(all);
    EXPECT_EQ(merged.count(), together.count());
    EXPECT_EQ(merged.smallest(), together.smallest());
    EXPECT_EQ(merged.largest(), together.largest());
    EXPECT_EQ(merged.mean(), together.mean());
    for (double part = 0; part <= 1; part += 0.01) {
        EXPECT_EQ(merged.quantile(part), together.quantile(part)) << part;
    }
}

TEST(LatencyHistogram, EmptyKnowsNothingAndAddsNothing) {
    LatencyHistogram histogram;
    EXPECT_EQ(histogram.quantile(0.5).count(), 0);
    EXPECT_EQ(histogram.mean().count(), 0);
    histogram.add(core::Duration{1'000});
    histogram.add(LatencyHistogram{});
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.smallest().count(), 1'000);
}

TEST(LatencyHistogram, TakesWhatIsBeyondItsRangeAsItsEnds) {
    LatencyHistogram histogram;
    histogram.add(core::Duration{-5});
    histogram.add(std::chrono::hours(1'000));
    EXPECT_EQ(histogram.smallest().count(), 0);
    EXPECT_EQ(histogram.largest().count(), (std::int64_t{1} << 42) - 1);
}

}  // namespace
}  // namespace ringway::loadtest
