#include "shards/idle_limit.h"

#include <gtest/gtest.h>

namespace ringway::shards {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const core::Instant start{seconds(1'000)};

TEST(IdleLimit, KnowsNothingUntilThreeAgesAgree) {
    IdleLimit limit;
    EXPECT_FALSE(limit.retire_after(start));
    limit.on_ended(milliseconds(5'010), start);
    limit.on_ended(milliseconds(5'030), start);
    EXPECT_FALSE(limit.retire_after(start));
    limit.on_ended(milliseconds(5'020), start);
    ASSERT_TRUE(limit.retire_after(start));
    EXPECT_EQ(limit.learned(start), milliseconds(5'010));
    EXPECT_EQ(*limit.retire_after(start), milliseconds(4'509));
}

TEST(IdleLimit, ARestartTeachesNothing) {
    IdleLimit limit;
    for (const int age : {900, 3'000, 150, 7'000, 400, 2'200, 12'000}) {
        limit.on_ended(milliseconds(age), start);
    }
    EXPECT_FALSE(limit.retire_after(start));
}

TEST(IdleLimit, OneOddAgeDoesNotUnlearnTwoDo) {
    IdleLimit limit;
    for (int i = 0; i < 3; i++) limit.on_ended(seconds(5), start);
    limit.on_ended(milliseconds(700), start);
    EXPECT_EQ(limit.learned(start), seconds(5));
    limit.on_ended(milliseconds(900), start);
    EXPECT_FALSE(limit.retire_after(start));
}

TEST(IdleLimit, BelievesAnAnnouncement) {
    IdleLimit limit;
    limit.on_announced(seconds(5), start);
    EXPECT_EQ(*limit.retire_after(start), milliseconds(4'500));
}

TEST(IdleLimit, BelievesDeedsOverALongerAnnouncement) {
    IdleLimit limit;
    for (int i = 0; i < 3; i++) limit.on_ended(seconds(2), start);
    limit.on_announced(seconds(60), start);
    EXPECT_EQ(limit.learned(start), seconds(2));
}

TEST(IdleLimit, ForgetsWhatIsNotConfirmedForTenMinutes) {
    IdleLimit limit;
    limit.on_announced(seconds(5), start);
    EXPECT_TRUE(limit.retire_after(start + minutes(9)));
    EXPECT_FALSE(limit.retire_after(start + minutes(10)));
}

TEST(IdleLimit, LeavesAtLeastFiftyMillisecondsOfMargin) {
    IdleLimit limit;
    for (int i = 0; i < 3; i++) limit.on_ended(milliseconds(200), start);
    EXPECT_EQ(*limit.retire_after(start), milliseconds(150));
}

TEST(IdleLimit, IgnoresEndsThatAreNotOfIdleness) {
    IdleLimit limit;
    for (int i = 0; i < 10; i++) limit.on_ended(milliseconds(20), start);
    EXPECT_FALSE(limit.retire_after(start));
}

}  // namespace
}  // namespace ringway::shards
