#include "config/duration_text.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, ReadsAWholeNumberAndAUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1s"), 1s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("7us"), 7us);
    EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(DurationText, RefusesEverythingElse) {
    for (const char* text : {"", "s", "1", "-1s", "+1s", "1 s", " 1s", "1s ", "1.5s", "1m30s", "1d",
                             "1S", "0x1s", "9223372036854775807h", "99999999999999999999s"}) {
        EXPECT_FALSE(parse_duration(text).has_value()) << text;
    }
}

TEST(DurationText, PrintsWithTheLargestUnitThatLosesNothing) {
    EXPECT_EQ(duration_text(0s), "0s");
    EXPECT_EQ(duration_text(75s), "75s");
    EXPECT_EQ(duration_text(60s), "1m");
    EXPECT_EQ(duration_text(1500ms), "1500ms");
    EXPECT_EQ(duration_text(1ns), "1ns");
}

TEST(DurationText, PrintingIsTheInverseOfReading) {
    for (const core::Duration duration :
         std::initializer_list<core::Duration>{0ns, 1ns, 999us, 1001us, 59s, 60s, 3599s, 100h}) {
        EXPECT_EQ(parse_duration(duration_text(duration)), duration);
    }
}

}  // namespace
}  // namespace ringway::config
