#include "core/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/prng.h"

namespace ringway::core {
namespace {

TEST(Counter, CountsUp) {
    Counter counter;
    counter.add();
    counter.add(41);
    EXPECT_EQ(counter.value(), 42U);
}

TEST(Gauge, GoesUpAndDown) {
    Gauge gauge;
    gauge.add(3);
    gauge.subtract();
    EXPECT_EQ(gauge.value(), 2);
    gauge.set(-7);
    EXPECT_EQ(gauge.value(), -7);
}

TEST(HistogramScale, BucketsFollowOneAnotherWithoutGapOrOverlap) {
    for (std::size_t bucket = 0; bucket < HistogramScale::buckets; bucket++) {
        const std::uint64_t last = HistogramScale::last_of(bucket);
        ASSERT_EQ(HistogramScale::bucket_of(last), bucket);
        if (bucket + 1 < HistogramScale::buckets) {
            ASSERT_EQ(HistogramScale::bucket_of(last + 1), bucket + 1);
        }
    }
    EXPECT_EQ(HistogramScale::last_of(HistogramScale::buckets - 1), HistogramScale::value_max);
}

TEST(HistogramScale, KnowsEveryValueToASixteenth) {
    Prng prng{1};
    for (int i = 0; i < 100'000; i++) {
        const std::uint64_t value = prng.uniform(HistogramScale::value_max) >> prng.uniform(40);
        const std::uint64_t told = HistogramScale::last_of(HistogramScale::bucket_of(value));
        ASSERT_GE(told, value);
        ASSERT_LE(told - value, value / 16);
        ASSERT_TRUE(value >= 32 || told == value);
    }
}

HistogramCounts counts_of(const Histogram& histogram) {
    HistogramCounts counts;
    histogram.add_to(counts);
    return counts;
}

TEST(Histogram, QuantilesAreNeverUnderstatedAndOverstatedByLessThanASixteenth) {
    Histogram histogram;
    Prng prng{2};
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 10'000; i++) {
        values.push_back(1'000 + (prng.uniform(1'000'000) >> prng.uniform(10)));
        histogram.record(values.back());
    }
    std::ranges::sort(values);
    const HistogramCounts counts = counts_of(histogram);
    for (const double share : {0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::lround(share * 10'000));
        const std::uint64_t exact = values[rank - 1];
        EXPECT_GE(counts.quantile(share), exact) << share;
        EXPECT_LE(counts.quantile(share), exact + exact / 16) << share;
    }
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) sum += value;
    EXPECT_EQ(counts.sum, sum);
    EXPECT_EQ(counts.total(), 10'000U);
}

TEST(Histogram, AnEmptyOneHasQuantileZero) {
    EXPECT_EQ(counts_of(Histogram{}).quantile(0.99), 0U);
}

TEST(Histogram, PutsWhatIsTooLargeIntoTheLastBucket) {
    Histogram histogram;
    histogram.record(~std::uint64_t{0} / 2);
    EXPECT_EQ(counts_of(histogram).quantile(0.5), HistogramScale::value_max);
}

TEST(Histogram, MergedCountsAreThoseOfOneHistogramThatSawEverything) {
    Histogram first;
    Histogram second;
    Histogram both;
    for (std::uint64_t value = 1; value < 100'000; value *= 3) {
        (value % 2 == 0 ? first : second).record(value);
        (value % 7 == 0 ? first : second).record(value + 1);
        both.record(value);
        both.record(value + 1);
    }
    HistogramCounts merged = counts_of(first);
    merged.merge(counts_of(second));
    EXPECT_EQ(merged.buckets, counts_of(both).buckets);
    EXPECT_EQ(merged.sum, counts_of(both).sum);
}

TEST(MetricTable, AddsUpTheSourcesOfOneSeries) {
    Counter a;
    Counter b;
    Gauge gauge;
    Histogram histogram;
    MetricTable table;
    table.add({.name = "requests_total", .help = "Requests.", .labels = {}}, a);
    table.add({.name = "open", .help = "Open connections.", .labels = {}}, gauge);
    table.add({.name = "requests_total", .help = "Requests.", .labels = {}}, b);
    table.add({.name = "latency_ns", .help = "Latency.", .labels = {}}, histogram);
    a.add(2);
    b.add(3);
    gauge.set(-1);
    histogram.record(7);
    EXPECT_EQ(table.series().size(), 3U);
    EXPECT_EQ(table.find("requests_total")->count(), 5U);
    EXPECT_EQ(table.find("open")->level(), -1);
    EXPECT_EQ(table.find("latency_ns")->histogram().quantile(1), 7U);
    EXPECT_EQ(table.find("nothing"), nullptr);
    EXPECT_EQ(name_of(table.find("latency_ns")->kind), "histogram");
}

TEST(MetricTable, KeepsSeriesOfOneNameTogether) {
    Counter counter;
    MetricTable table;
    const auto add = [&](const char* name, const char* group) {
        table.add({.name = name, .help = "Help.", .labels = {{"group", group}}}, counter);
    };
    add("picks_total", "web");
    add("errors_total", "web");
    add("picks_total", "api");
    std::vector<std::string> order;
    for (const auto& series : table.series()) {
        order.push_back(series.name.name + " " + series.name.labels.front().second);
    }
    EXPECT_EQ(order,
              (std::vector<std::string>{"picks_total web", "picks_total api", "errors_total web"}));
}

TEST(MetricTableDeathTest, ANameHasOneKindOneHelpAndASoundSpelling) {
    Counter counter;
    Gauge gauge;
    MetricTable table;
    table.add({.name = "a", .help = "Help.", .labels = {}}, counter);
    EXPECT_DEATH(table.add({.name = "a", .help = "Help.", .labels = {}}, gauge), "CHECK failed");
    EXPECT_DEATH(table.add({.name = "a", .help = "Other.", .labels = {}}, counter), "CHECK failed");
    EXPECT_DEATH(table.add({.name = "a-b", .help = "Help.", .labels = {}}, counter),
                 "CHECK failed");
    EXPECT_DEATH(table.add({.name = "", .help = "Help.", .labels = {}}, counter), "CHECK failed");
}

// For TSan: one writes, another reads at the same time, and what it reads never goes back.
TEST(MetricsThreads, AReaderSeesACounterGrow) {
    constexpr std::uint64_t count = 200'000;
    Counter counter;
    Histogram histogram;
    std::thread writer{[&] {
        for (std::uint64_t i = 0; i < count; i++) {
            counter.add();
            histogram.record(i);
        }
    }};
    std::uint64_t last = 0;
    bool went_back = false;
    while (last < count) {
        const std::uint64_t now = counter.value();
        went_back = went_back || now < last || counts_of(histogram).total() > count;
        last = now;
    }
    writer.join();
    EXPECT_FALSE(went_back);
    EXPECT_EQ(counts_of(histogram).total(), count);
}

}  // namespace
}  // namespace ringway::core
