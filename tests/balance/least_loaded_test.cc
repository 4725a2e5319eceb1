#include "balance/least_loaded.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <vector>

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Instant;
using core::ShardId;

constexpr Instant start{1h};

// One shard's view and picker over `weights`.
struct Shard {
    explicit Shard(const std::vector<float>& weights, std::size_t shards = 1)
        : load{{.backends = weights.size(), .shards = shards, .interval = 1ms}},
          picker(weights.size()),
          blocks(weights.size()) {
        picker.set_weights(weights);
        load.settle(start);
    }
    Choice pick(Instant now = start, std::span<const std::uint32_t> excluded = {}) {
        return picker.pick(load, OpenSet{blocks, excluded}, now, prng);
    }
    // Picks and begins.
    std::size_t place(Instant now = start) {
        const std::size_t picked = pick(now).value();
        load.begin(picked);
        return picked;
    }

    LoadView load;
    LeastLoaded picker;
    std::vector<std::uint8_t> blocks;
    core::Prng prng{1};
};

std::vector<int> spread(Shard& shard, Instant now, int picks) {
    std::vector<int> counts(shard.load.size());
    for (int i = 0; i < picks; i++) counts[shard.pick(now).value()]++;
    return counts;
}

TEST(LeastLoaded, TakesTheLeastLoadedPerWeight) {
    Shard shard{{1, 2, 4}};
    std::vector<int> counts(3);
    for (int i = 0; i < 700; i++) counts[shard.place()]++;
    EXPECT_EQ(counts, (std::vector<int>{100, 200, 400}));
}

TEST(LeastLoaded, BreaksTiesByChanceAndEvenly) {
    Shard shard{std::vector<float>(10, 1)};
    shard.load.begin(3);
    const std::vector<int> counts = spread(shard, start, 90'000);
    for (std::size_t i = 0; i < 10; i++) EXPECT_NEAR(counts[i], i == 3 ? 0 : 10'000, 500) << i;
}

// A pick draws straws among those who cost the same, of few bits: which of them has the shorter one
// must not depend on where it stands.
TEST(LeastLoaded, TiesDoNotLeanToAnyPlace) {
    Shard shard{std::vector<float>(64, 3)};
    const std::vector<int> counts = spread(shard, start, 640'000);
    for (std::size_t i = 0; i < 64; i++) EXPECT_NEAR(counts[i], 10'000, 1'000) << i;
}

TEST(LeastLoaded, CostsThatDifferByAHundredthAreNotTaken) {
    Shard shard{{1, 1, 1}};
    for (int i = 0; i < 99; i++) {
        for (std::size_t backend = 0; backend < 3; backend++) shard.load.begin(backend);
    }
    shard.load.end(1);
    EXPECT_EQ(spread(shard, start, 1'000), (std::vector<int>{0, 1'000, 0}));
}

TEST(LeastLoaded, PassesOverWhoIsBlockedOrExcluded) {
    Shard shard{{1, 1, 1}};
    shard.blocks[0] = 1;
    const std::array<std::uint32_t, 1> excluded{1};
    for (int i = 0; i < 100; i++) EXPECT_EQ(shard.pick(start, excluded), 2U);
    shard.blocks[2] = 1;
    EXPECT_FALSE(shard.pick(start, excluded).has_value());
}

TEST(LeastLoaded, NeverPicksWhoHasNoWeight) {
    Shard shard{{0, 1, 0}};
    for (int i = 0; i < 1'000; i++) EXPECT_EQ(shard.place(), 1U);
    Shard nobody{{0, 0}};
    EXPECT_FALSE(nobody.pick().has_value());
}

TEST(LeastLoaded, APriceMakesRequestsFewer) {
    Shard shard{{1, 1}};
    shard.picker.set_price(0, 4);
    std::vector<int> counts(2);
    for (int i = 0; i < 500; i++) counts[shard.place()]++;
    EXPECT_NEAR(counts[0], 100, 1);
}

TEST(LeastLoaded, FreshSnapshotsMakeTheExactMinimum) {
    Shard shard{{1, 1, 1}, 2};
    shard.load.observe(0, 100ms, start);
    shard.load.take(ShardId{1}, {.backend = 0, .in_flight = 3}, start);
    shard.load.take(ShardId{1}, {.backend = 1, .in_flight = 1}, start);
    shard.load.take(ShardId{1}, {.backend = 2, .in_flight = 2}, start);
    shard.load.heard(ShardId{1}, start);
    EXPECT_EQ(spread(shard, start, 1'000), (std::vector<int>{0, 1'000, 0}));
}

TEST(LeastLoaded, OldSnapshotsLeaveTheChoiceToOwnRequests) {
    Shard shard{{1, 1, 1}, 2};
    shard.load.observe(0, 100us, start);
    shard.load.take(ShardId{1}, {.backend = 0, .in_flight = 3}, start);
    shard.load.heard(ShardId{1}, start);
    shard.load.begin(2);
    const std::vector<int> counts = spread(shard, start + 1ms, 10'000);
    EXPECT_EQ(counts[2], 0);
    EXPECT_NEAR(counts[0], 5'000, 300);
}

// The heart of it: where a snapshot is as old as a request lives, shards do not all run for the
// backend that was least loaded, but each with the chance that fills the gap.
TEST(LeastLoaded, StaleSnapshotsSpreadPicksByTheGapToTheLevel) {
    Shard shard{{1, 1, 1}, 2};
    shard.load.observe(0, 1ms, start);
    shard.load.take(ShardId{1}, {.backend = 0, .in_flight = 0}, start);
    shard.load.take(ShardId{1}, {.backend = 1, .in_flight = 10}, start);
    shard.load.take(ShardId{1}, {.backend = 2, .in_flight = 20}, start);
    shard.load.heard(ShardId{1}, start);
    // exp(-1) of them are left, 3.7 and 7.4; 19 new ones make a level of 10 on all: gaps
    // 10, 6.3, 2.6.
    const std::vector<int> counts = spread(shard, start + 1ms, 100'000);
    EXPECT_NEAR(counts[0] / 100'000.0, 0.527, 0.01);
    EXPECT_NEAR(counts[1] / 100'000.0, 0.333, 0.01);
    EXPECT_NEAR(counts[2] / 100'000.0, 0.139, 0.01);
}

TEST(LeastLoaded, RequestsOfASlowBackendAreExpectedToBeThereLonger) {
    Shard shard{{1, 1}, 2};
    shard.load.observe(0, 1ms, start);
    shard.load.take(ShardId{1}, {.backend = 0, .in_flight = 10}, start);
    shard.load.take(ShardId{1}, {.backend = 1, .in_flight = 10}, start);
    shard.load.heard(ShardId{1}, start);
    shard.picker.set_pace(1, shard.load.pace(20'000));
    // Of 10 on the first 3.7 are left, of 10 on the slow one 9.5. The 6.8 that are poured reach the
    // slow one when 86 % are out, and only then it has half of the picks.
    const std::vector<int> counts = spread(shard, start + 1ms, 10'000);
    EXPECT_NEAR(counts[0] / 10'000.0, 0.928, 0.01);
}

TEST(LeastLoaded, SnapshotsThatAreMuchTooOldCountForNothing) {
    Shard shard{{1, 1}, 2};
    shard.load.observe(0, 1ms, start);
    shard.load.take(ShardId{1}, {.backend = 0, .in_flight = 1'000}, start);
    shard.load.heard(ShardId{1}, start);
    shard.picker.set_pace(0, shard.load.pace(10));
    const std::vector<int> counts = spread(shard, start + 1s, 10'000);
    EXPECT_NEAR(counts[0], 5'000, 300);
}

TEST(LeastLoaded, OwnRequestsAreNotCountedTwiceWhenPublished) {
    Shard shard{{1, 1}, 2};
    shard.load.observe(0, 100ms, start);
    shard.load.heard(ShardId{1}, start);
    shard.load.begin(0);
    shard.load.published();
    shard.load.take(ShardId{1}, {.backend = 1, .in_flight = 1}, start);
    const std::vector<int> counts = spread(shard, start, 10'000);
    EXPECT_NEAR(counts[0], 5'000, 300);
}

// Its requests go ten times as fast as the group's: what was published is mostly thought to be over
// by then, and all of it is.
TEST(LeastLoaded, OwnRequestsThatEndedMakeNobodyLessThanIdle) {
    for (core::Duration age = 0ms; age < 40ms; age += 100us) {
        Shard shard{{1, 1, 1}, 2};
        shard.load.observe(1, 20ms, start);
        shard.load.heard(ShardId{1}, start);
        for (int i = 0; i < 8; i++) shard.load.begin(0);
        shard.load.published();
        for (int i = 0; i < 8; i++) shard.load.end(0);
        shard.picker.set_pace(0, 10);
        EXPECT_GT(shard.picker.score(0, shard.load, start + age), 0) << age.count();
        EXPECT_LT(shard.place(start + age), 3U);
    }
}

TEST(LeastLoaded, ALargeGroupIsEvenlyLoadedWithoutLookingAtAll) {
    for (const std::size_t size : {65U, 100U, 1'000U, 10'000U}) {
        Shard shard{std::vector<float>(size, 1)};
        for (std::size_t i = 0; i < size * 4; i++) shard.place();
        const double imbalance = shard.load.imbalance(std::vector<float>(size, 1));
        EXPECT_LT(imbalance, 1.0) << size;  // Drawing by chance alone gives 2 to 2.5.
    }
}

TEST(LeastLoaded, FindsTheLastOpenOneInALargeGroup) {
    Shard shard{std::vector<float>(1'000, 1)};
    std::ranges::fill(shard.blocks, std::uint8_t{1});
    shard.blocks[777] = 0;
    for (int i = 0; i < 100; i++) EXPECT_EQ(shard.pick(), 777U);
    shard.blocks[777] = 1;
    EXPECT_FALSE(shard.pick().has_value());
}

TEST(LeastLoaded, OneSeedOneSequence) {
    Shard a{std::vector<float>(100, 1), 2};
    Shard b{std::vector<float>(100, 1), 2};
    for (int i = 0; i < 1'000; i++) ASSERT_EQ(a.place(), b.place());
}

}  // namespace
}  // namespace ringway::balance
