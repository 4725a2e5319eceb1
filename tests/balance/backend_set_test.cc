#include "balance/backend_set.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::balance {
namespace {

// Four in the first tier, two of them in our zone; two backups.
BackendSet two_tiers() {
    return BackendSet{std::vector<Backend>{{.identity = 1},
                                           {.identity = 2},
                                           {.identity = 3, .is_local = false},
                                           {.identity = 4, .is_local = false},
                                           {.identity = 5, .tier = 1},
                                           {.identity = 6, .tier = 1}}};
}
constexpr CohortRules no_zones{.overflow_below = 0.7, .prefers_own_zone = false};
constexpr CohortRules zones{.overflow_below = 0.7, .prefers_own_zone = true};

TEST(BackendSet, PassingBlocksLeaveTheTablesAlone) {
    BackendSet set = two_tiers();
    const std::uint64_t version = set.version();
    set.block(0, Block::full);
    set.block(0, Block::backing_off);
    set.unblock(0, Block::full);
    EXPECT_EQ(set.version(), version);
    EXPECT_TRUE(set.has(0, Block::backing_off));
    EXPECT_EQ(set.weight_in_force(0), 1);
    set.block(0, Block::down);
    EXPECT_NE(set.version(), version);
    EXPECT_EQ(set.weight_in_force(0), 0);
}

TEST(BackendSet, IsOpenOnlyWhenNothingSpeaksAgainstIt) {
    BackendSet set = two_tiers();
    set.block(0, Block::full);
    set.block(0, Block::draining);
    EXPECT_EQ(set.open().next(0), 1U);
    set.unblock(0, Block::full);
    EXPECT_EQ(set.open().next(0), 1U);
    set.unblock(0, Block::draining);
    EXPECT_EQ(set.open().next(0), 0U);
}

TEST(BackendSet, TheFirstTierTakesAllWhileItIsHealthyEnough) {
    BackendSet set = two_tiers();
    set.block(0, Block::down);  // Three of four: 0.75.
    const std::vector<Cohort> cohorts = set.cohorts(no_zones);
    ASSERT_EQ(cohorts.size(), 1U);
    EXPECT_EQ(cohorts[0].tier, 0U);
    EXPECT_EQ(cohorts[0].share, 1);
}

TEST(BackendSet, WhatATierCannotTakeOverflows) {
    BackendSet set = two_tiers();
    set.block(0, Block::down);
    set.block(1, Block::draining);
    const std::vector<Cohort> cohorts = set.cohorts(no_zones);
    ASSERT_EQ(cohorts.size(), 2U);
    EXPECT_NEAR(cohorts[0].share, 0.5 / 0.7, 1e-9);
    EXPECT_EQ(cohorts[1].tier, 1U);
    EXPECT_NEAR(cohorts[1].share, 1 - 0.5 / 0.7, 1e-9);
}

TEST(BackendSet, BackupsTakeAllWhenTheFirstTierIsGone) {
    BackendSet set = two_tiers();
    for (std::size_t i = 0; i < 4; i++) set.block(i, Block::down);
    const std::vector<Cohort> cohorts = set.cohorts(no_zones);
    ASSERT_EQ(cohorts.size(), 1U);
    EXPECT_EQ(cohorts[0].tier, 1U);
    EXPECT_EQ(cohorts[0].share, 1);
}

TEST(BackendSet, WeakTiersCarryAllOfItTogether) {
    BackendSet set = two_tiers();
    for (std::size_t i = 0; i < 3; i++) set.block(i, Block::down);
    set.block(4, Block::down);
    const std::vector<Cohort> cohorts = set.cohorts(no_zones);  // 0.25 / 0.7 and 0.5 / 0.7.
    ASSERT_EQ(cohorts.size(), 2U);
    EXPECT_NEAR(cohorts[0].share, 0.357, 0.001);
    EXPECT_NEAR(cohorts[0].share + cohorts[1].share, 1, 1e-9);
}

TEST(BackendSet, NobodyMakesNoCohort) {
    BackendSet set = two_tiers();
    for (std::size_t i = 0; i < 6; i++) set.block(i, Block::disabled);
    EXPECT_TRUE(set.cohorts(zones).empty());
}

TEST(BackendSet, TheOwnZoneTakesAllUntilItIsThin) {
    BackendSet set = two_tiers();
    std::vector<Cohort> cohorts = set.cohorts(zones);
    ASSERT_EQ(cohorts.size(), 1U);
    EXPECT_TRUE(set.is_in(cohorts[0], 0));
    EXPECT_FALSE(set.is_in(cohorts[0], 2));
    set.block(0, Block::down);
    cohorts = set.cohorts(zones);
    ASSERT_EQ(cohorts.size(), 2U);
    EXPECT_NEAR(cohorts[0].share, 0.5 / 0.7, 1e-9);
    EXPECT_TRUE(set.is_in(cohorts[1], 2));
    EXPECT_FALSE(set.is_in(cohorts[1], 0));
    set.block(1, Block::down);
    cohorts = set.cohorts(zones);
    EXPECT_TRUE(set.is_in(cohorts[0], 2)) << "the other zone, before the backups";
    EXPECT_NEAR(cohorts[0].share, 0.5 / 0.7, 1e-9);
}

}  // namespace
}  // namespace ringway::balance
