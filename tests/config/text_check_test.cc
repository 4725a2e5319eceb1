#include "config/text_check.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

constexpr std::size_t none = std::string_view::npos;

TEST(NestingDepth, CountsBracketsThatAreSyntax) {
    EXPECT_EQ(nesting_depth(""), 0U);
    EXPECT_EQ(nesting_depth("[[a]]\n[b]"), 2U);
    EXPECT_EQ(nesting_depth("a = [{b = [1]}]"), 3U);
    EXPECT_EQ(nesting_depth("a = \"[[[[\" # [[[\nb = '{{{'"), 0U);
    EXPECT_EQ(nesting_depth("a = \"\"\"[[\n\"[\"\"\" + [["), 2U);
    EXPECT_EQ(nesting_depth("a = \"\\\"[[\" ["), 1U);
    EXPECT_EQ(nesting_depth("a = \"not closed [[\n[[["), 3U);
    EXPECT_EQ(nesting_depth("]]]["), 1U);
    EXPECT_EQ(nesting_depth("\"\\"), 0U);
}

TEST(FirstBadByte, TextIsFine) {
    EXPECT_EQ(first_bad_byte(""), none);
    EXPECT_EQ(first_bad_byte("a\tb\r\n"), none);
    EXPECT_EQ(first_bad_byte("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x8c\x8d"), none);
    EXPECT_EQ(first_bad_byte("\xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf"), none);
}

TEST(FirstBadByte, WhatIsNotUtf8IsFound) {
    for (const char* bad :
         {"ab\x80", "ab\xc1\xbf", "ab\xe0\x9f\xbf", "ab\xed\xa0\x80", "ab\xf0\x8f\xbf\xbf",
          "ab\xf4\x90\x80\x80", "ab\xf5\x80\x80\x80", "ab\xff", "ab\xc3", "ab\xc3(", "ab\xe2\x82",
          "ab\xe2\x82(", "ab\xf0\x9f\x8c"}) {
        EXPECT_EQ(first_bad_byte(bad), 2U) << testing::PrintToString(bad);
    }
}

TEST(FirstBadByte, ControlCharactersAreFound) {
    using namespace std::string_view_literals;
    for (const std::string_view bad : {"ab\0c"sv, "ab\x1b[1m"sv, "ab\x7f"sv, "ab\x0b"sv}) {
        EXPECT_EQ(first_bad_byte(bad), 2U) << testing::PrintToString(bad);
    }
}

}  // namespace
}  // namespace ringway::config
