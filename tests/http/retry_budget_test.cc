#include "http/retry_budget.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const core::Instant start{seconds(1'000)};

int take_all(RetryBudget& budget, core::Instant now) {
    int taken = 0;
    while (taken < 100'000 && budget.try_take(now)) taken++;
    return taken;
}

TEST(RetryBudget, AllowsAShareOfTheRequestsAndAFloor) {
    RetryBudget budget{{.share = 0.2, .floor_per_second = 10}};
    for (int i = 0; i < 1'000; i++) budget.on_request(start);
    EXPECT_EQ(take_all(budget, start), 200 + 100);
}

TEST(RetryBudget, CountsTheLastTenSeconds) {
    RetryBudget budget{{.share = 0.5, .floor_per_second = 0}};
    for (int i = 0; i < 100; i++) budget.on_request(start);
    EXPECT_EQ(take_all(budget, start + seconds(9)), 50);
    EXPECT_EQ(take_all(budget, start + seconds(10)), 0) << "the requests have left the window";
}

TEST(RetryBudget, RetriesLeaveTheWindowToo) {
    RetryBudget budget{{.share = 0, .floor_per_second = 1}};
    EXPECT_EQ(take_all(budget, start), 10);
    EXPECT_EQ(take_all(budget, start + seconds(5)), 0);
    EXPECT_EQ(take_all(budget, start + seconds(10)), 10);
    EXPECT_EQ(take_all(budget, start + seconds(1'000)), 10);
}

TEST(RetryBudget, NothingIsAllowedWithoutAShareOrAFloor) {
    RetryBudget budget{{.share = 0, .floor_per_second = 0}};
    budget.on_request(start);
    EXPECT_FALSE(budget.try_take(start));
}

// Eight shards with unequal loads: together no more than the group's share and floor.
TEST(RetryBudget, EightShardsTogetherKeepTheGroupsBudget) {
    std::vector<RetryBudget> shards(8, RetryBudget{{.share = 0.2, .floor_per_second = 10.0 / 8}});
    int requests = 0;
    int retries = 0;
    for (std::size_t shard = 0; shard < shards.size(); shard++) {
        for (std::size_t i = 0; i < 250 * (shard + 1); i++) {
            shards[shard].on_request(start + milliseconds(i));
            requests++;
        }
        retries += take_all(shards[shard], start + seconds(3));
    }
    EXPECT_LE(retries, requests / 5 + 100);
    EXPECT_GE(retries, requests / 5 + 100 - 8) << "each shard rounds down once";
}

}  // namespace
}  // namespace ringway::http
