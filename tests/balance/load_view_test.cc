#include "balance/load_view.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Instant;
using core::ShardId;

constexpr Instant start{1h};

LoadView two_shards() {
    return LoadView{{.backends = 3, .shards = 2, .own = ShardId{0}, .interval = 1ms}};
}

TEST(LoadView, CountsItsOwnExactly) {
    LoadView load = two_shards();
    load.begin(1);
    load.begin(1);
    load.end(1);
    EXPECT_EQ(load.own_in_flight(1), 1U);
    EXPECT_EQ(load.own_in_flight(0), 0U);
}

TEST(LoadView, TakesAbsoluteValuesSoThatTwiceIsOnce) {
    LoadView load = two_shards();
    for (int i = 0; i < 2; i++) load.take(ShardId{1}, {.backend = 2, .in_flight = 5}, start);
    EXPECT_EQ(load.others_in_flight(2), 5U);
    load.take(ShardId{1}, {.backend = 2, .in_flight = 3}, start);
    EXPECT_EQ(load.others_in_flight(2), 3U);
}

TEST(LoadView, ListsEachChangedRowOnceUntilItIsPublished) {
    LoadView load = two_shards();
    load.begin(2);
    load.begin(2);
    load.observe(2, 1ms, start);
    ASSERT_EQ(load.changed().size(), 1U);
    EXPECT_EQ(load.row(load.changed()[0]).in_flight, 2U);
    load.published();
    EXPECT_TRUE(load.changed().empty());
    EXPECT_EQ(load.others_in_flight(2), 0U) << "what is published is still ours";
    load.end(2);
    EXPECT_EQ(load.changed().size(), 1U);
}

TEST(LoadView, SnapshotsAgeUntilTheNextAndNoFurtherThanTheInterval) {
    LoadView load = two_shards();
    load.heard(ShardId{1}, start);
    EXPECT_EQ(load.age(start + 600us), 600us);
    load.settle(start + 900us);
    EXPECT_EQ(load.age(start + 900us), 900us);
    // Silence means that there was no news at the last tick, which is half an interval ago.
    load.settle(start + 10s);
    EXPECT_EQ(load.age(start + 10s), 500us);
}

// With many shards and backends a shard says something less often: its silence means less, too.
TEST(LoadView, SilenceCountsFromTheIntervalThatWasAnnounced) {
    LoadView load{{.backends = 3, .shards = 3, .own = ShardId{0}, .interval = 1ms}};
    load.heard(ShardId{1}, start, 100ms);
    load.heard(ShardId{2}, start, 100ms);
    load.settle(start + 60ms);
    EXPECT_EQ(load.age(start + 60ms), 60ms);
    load.heard(ShardId{2}, start + 60ms);
    load.settle(start + 80ms);
    EXPECT_EQ(load.age(start + 80ms), (80ms + 500us) / 2) << "one is silent, one need not speak";
    load.settle(start + 110ms);
    EXPECT_EQ(load.age(start + 110ms), (50ms + 500us) / 2);
}

TEST(LoadView, ASettleThatFindsNothingNewLeavesTheVersion) {
    LoadView load = two_shards();
    load.heard(ShardId{1}, start);
    const std::uint64_t before = load.version();
    load.settle(start + 900us);
    EXPECT_EQ(load.version(), before);
    load.settle(start + 2ms);
    EXPECT_NE(load.version(), before);
}

TEST(LoadView, SurvivorsFadeWithAgeOverLatency) {
    LoadView load = two_shards();
    load.heard(ShardId{1}, start);
    EXPECT_EQ(load.survivors(start + 1ms), 1) << "no answer was seen yet";
    load.observe(0, 1ms, start);
    EXPECT_NEAR(load.survivors(start + 1ms), 0.3679, 0.001);
    EXPECT_NEAR(load.survivors(start), 1, 0.001);
}

TEST(LoadView, PaceComparesWhatGoesInAnInterval) {
    LoadView load = two_shards();
    load.observe(0, 1ms, start);
    EXPECT_FLOAT_EQ(load.pace(1'000), 1);
    EXPECT_NEAR(load.pace(10'000), (1 - std::exp(-0.1)) / (1 - std::exp(-1)), 1e-6);
    EXPECT_NEAR(load.pace(1), 1 / (1 - std::exp(-1)), 1e-6) << "all of it has gone";
}

TEST(LoadView, LatencyIsTheMeanOverAllShards) {
    LoadView load = two_shards();
    for (int i = 0; i < 100; i++) load.observe(0, 1ms, start);
    load.take(ShardId{1}, {.backend = 0, .latency_us = 3'000, .samples = 100}, start);
    EXPECT_NEAR(load.latency_us(0, start), 2'000, 20);
}

TEST(LoadView, WhoHasNoSamplesIsLikeTheOthers) {
    LoadView load = two_shards();
    for (int i = 0; i < 100; i++) load.observe(0, 2ms, start);
    EXPECT_NEAR(load.latency_us(1, start), 2'000, 1);
}

TEST(LoadView, ASlowBackendIsForgivenWhenItsSamplesAreOld) {
    LoadView load = two_shards();
    for (int i = 0; i < 1'000; i++)
        load.observe(i % 2 == 0 ? 0 : 1, i % 2 == 0 ? 1ms : 50ms, start);
    for (int i = 0; i < 1'000; i++) load.observe(0, 1ms, start);
    EXPECT_NEAR(load.latency_us(1, start), 50'000, 1'000);
    EXPECT_LT(load.latency_us(1, start + 2min), 3'000);
}

TEST(LoadView, PeakRisesAtOnceAndFallsSlowly) {
    LoadView load{{.backends = 1, .memory = 10s, .latency = LatencyKind::peak}};
    for (int i = 0; i < 1'000; i++) load.observe(0, 1ms, start);
    load.observe(0, 100ms, start);
    EXPECT_NEAR(load.row(0).latency_us, 100'000, 1);
    load.observe(0, 1ms, start + 5s);
    EXPECT_NEAR(load.row(0).latency_us, 61'000, 2'000);
    load.observe(0, 1ms, start + 60s);
    EXPECT_LT(load.row(0).latency_us, 2'000);
}

TEST(LoadView, ImbalanceIsOfLoadPerWeightOverAllShards) {
    LoadView load = two_shards();
    load.take(ShardId{1}, {.backend = 0, .in_flight = 6}, start);
    for (int i = 0; i < 6; i++) load.begin(1);
    const std::vector<float> equal{1, 1, 1};
    const std::vector<float> fitting{1, 1, 0};
    EXPECT_NEAR(load.imbalance(equal), (6 - 4.0) / 4, 1e-6);
    EXPECT_NEAR(load.imbalance(fitting), 0, 1e-6);
}

}  // namespace
}  // namespace ringway::balance
