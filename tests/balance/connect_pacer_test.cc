#include "balance/connect_pacer.h"

#include <gtest/gtest.h>

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Instant;

// Connections opened within `time` by somebody who asks every 100 µs.
int opened_within(ConnectPacer& pacer, Instant from, core::Duration time) {
    int opened = 0;
    for (Instant now = from; now < from + time; now += 100us) {
        if (!pacer.may_open(now)) continue;
        pacer.opened(now);
        opened++;
    }
    return opened;
}

TEST(ConnectPacer, HoldsTheRateAndAllowsTheBurst) {
    ConnectPacer pacer{{.per_second = 100, .burst = 20}};
    EXPECT_NEAR(opened_within(pacer, Instant{1h}, 1s), 120, 1);
    EXPECT_NEAR(opened_within(pacer, Instant{1h + 1s}, 1s), 100, 1);
    EXPECT_NEAR(opened_within(pacer, Instant{2h}, 1s), 120, 1) << "a quiet time earns one burst";
}

TEST(ConnectPacer, SaysWhenTheNextMayBeOpened) {
    ConnectPacer pacer{{.per_second = 10, .burst = 1}};
    const Instant now{1h};
    pacer.opened(now);
    EXPECT_FALSE(pacer.may_open(now));
    EXPECT_EQ(pacer.next(now), now + 100ms);
    EXPECT_TRUE(pacer.may_open(now + 100ms));
}

TEST(ConnectPacer, IsUnboundedByDefault) {
    ConnectPacer pacer{{}};
    for (int i = 0; i < 1'000; i++) {
        ASSERT_TRUE(pacer.may_open(Instant{1h}));
        pacer.opened(Instant{1h});
    }
}

}  // namespace
}  // namespace ringway::balance
