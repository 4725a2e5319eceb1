#include "config/size_text.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

TEST(SizeText, UnitsArePowersOf1024) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("512"), 512U);
    EXPECT_EQ(parse_size("32k"), 32'768U);
    EXPECT_EQ(parse_size("2m"), 2'097'152U);
    EXPECT_EQ(parse_size("1g"), 1'073'741'824U);
}

TEST(SizeText, RefusesEverythingElse) {
    for (const char* text : {"", "k", "-1k", "1 k", "1K", "1kb", "1.5k", "1t", "0x10",
                             "18446744073709551615k", "99999999999999999999"}) {
        EXPECT_FALSE(parse_size(text).has_value()) << text;
    }
}

TEST(SizeText, PrintingIsTheInverseOfReading) {
    for (const std::uint64_t bytes : {0UL, 1UL, 1023UL, 1024UL, 1025UL, 65'535UL, 1UL << 40}) {
        EXPECT_EQ(parse_size(size_text(bytes)), bytes);
    }
    EXPECT_EQ(size_text(32'768), "32k");
}

}  // namespace
}  // namespace ringway::config
