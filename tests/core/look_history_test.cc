#include "core/look_history.h"

#include <gtest/gtest.h>

namespace ringway::core {
namespace {

// How many of so many sleeps are looked before, when every look ends like this.
int looks_in(LookHistory& history, int sleeps, bool pays) {
    int looks = 0;
    for (int i = 0; i < sleeps; i++) {
        if (!history.should_look()) continue;
        history.record(pays);
        looks++;
    }
    return looks;
}

TEST(LookHistory, TriesOneSleepInSixteenWhileNothingComes) {
    LookHistory history;
    EXPECT_EQ(looks_in(history, 1'600, false), 100);
}

TEST(LookHistory, LooksBeforeEverySleepOnceSixTrialsHavePaid) {
    LookHistory history;
    EXPECT_EQ(looks_in(history, 6 * 16, true), 6);
    EXPECT_EQ(looks_in(history, 1'000, true), 1'000);
}

TEST(LookHistory, StopsWithinSixteenLooksWhenNothingComesAnyMore) {
    LookHistory history;
    looks_in(history, 1'000, true);
    EXPECT_LE(looks_in(history, 160, false), 16 + 160 / 16);
}

TEST(LookHistory, KeepsLookingWhileHalfOfTheLooksPay) {
    LookHistory history;
    looks_in(history, 1'000, true);
    for (int i = 0; i < 1'000; i++) {
        ASSERT_TRUE(history.should_look()) << i;
        history.record(i % 2 == 0);
    }
}

}  // namespace
}  // namespace ringway::core
