#include "http/wall_time.h"

#include <gtest/gtest.h>

namespace ringway::http {
namespace {

using namespace std::chrono_literals;

TEST(WallTime, WritesADateAsHttpLogsAndIsoHaveIt) {
    WallTime time;
    EXPECT_EQ(time.http_date(1'795'176'007s), "Fri, 20 Nov 2026 12:00:07 GMT");
    EXPECT_EQ(time.log_date(1'795'176'007s), "20/Nov/2026:12:00:07 +0000");
    EXPECT_EQ(time.iso_second(1'795'176'007s), "2026-11-20T12:00:07");
    EXPECT_EQ(time.http_date(0s), "Thu, 01 Jan 1970 00:00:00 GMT");
    // A leap day, and the last second before a year's end.
    EXPECT_EQ(time.http_date(951'782'400s), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(time.log_date(1'798'761'599s), "31/Dec/2026:23:59:59 +0000");
}

TEST(WallTime, ChangesWithTheSecondAndNotWithin) {
    WallTime time;
    EXPECT_EQ(time.iso_second(1'795'176'000s), "2026-11-20T12:00:00");
    EXPECT_EQ(time.iso_second(1'795'176'000s + 999'999'999ns), "2026-11-20T12:00:00");
    EXPECT_EQ(time.iso_second(1'795'176'001s), "2026-11-20T12:00:01");
    // The clock was set back.
    EXPECT_EQ(time.iso_second(1'795'172'400s), "2026-11-20T11:00:00");
}

}  // namespace
}  // namespace ringway::http
