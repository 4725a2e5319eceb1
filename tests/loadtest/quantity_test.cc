#include "loadtest/quantity.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace ringway::loadtest {
namespace {

using namespace std::chrono_literals;

template <class Number>
bool reads(std::string_view text, Number wanted) {
    Number read{};
    return read_quantity(text, read) && read == wanted;
}

template <class Number>
bool refuses(std::string_view text) {
    const Number before{7};
    Number read = before;
    return !read_quantity(text, read) && read == before;
}

TEST(Quantity, ReadsTimesInEveryUnit) {
    EXPECT_TRUE(reads<core::Duration>("0", 0ns));
    EXPECT_TRUE(reads<core::Duration>("15ns", 15ns));
    EXPECT_TRUE(reads<core::Duration>("250us", 250us));
    EXPECT_TRUE(reads<core::Duration>("10ms", 10ms));
    EXPECT_TRUE(reads<core::Duration>("1.5s", 1500ms));
    EXPECT_TRUE(reads<core::Duration>("2m", 2min));
    EXPECT_TRUE(reads<core::Duration>("3h", 3h));
    EXPECT_TRUE(reads<core::Duration>("never", never));
}

TEST(Quantity, RefusesWhatIsNoTimeAndLeavesTheNumberAlone) {
    for (const char* text :
         {"", "10", "ms", "10 ms", "-1ms", "10msec", "nan", "inf", "nans", "1e9h"}) {
        EXPECT_TRUE(refuses<core::Duration>(text)) << text;
    }
}

TEST(Quantity, ReadsSizesInPowersOf1024) {
    EXPECT_TRUE(reads<std::uint64_t>("0", 0));
    EXPECT_TRUE(reads<std::uint64_t>("130", 130));
    EXPECT_TRUE(reads<std::uint64_t>("64k", 65'536));
    EXPECT_TRUE(reads<std::uint64_t>("1g", 1 << 30));
    for (const char* text : {"", "k", "1kb", "-1", "1.5k", "99999999999999999999", "9999999999g"}) {
        EXPECT_TRUE(refuses<std::uint64_t>(text)) << text;
    }
}

TEST(Quantity, ReadsNumbersThatAreFiniteAndNotNegative) {
    EXPECT_TRUE(reads<double>("0.25", 0.25));
    for (const char* text : {"", "-0.1", "nan", "inf", "0.1x"}) {
        EXPECT_TRUE(refuses<double>(text)) << text;
    }
}

TEST(Quantity, WhatIsWrittenReadsBackAsTheSame) {
    for (const core::Duration time :
         std::initializer_list<core::Duration>{0ns, 1ns, 1500us, 90s, 3600s, never}) {
        EXPECT_TRUE(reads(text_of(time), time)) << text_of(time);
    }
    for (const std::uint64_t size : {0U, 1U, 1'023U, 1'024U, 3U << 20, 1U << 30}) {
        EXPECT_TRUE(reads(text_of(size), size)) << text_of(size);
    }
}

TEST(Quantity, TextIsTakenUpToASeparatorThatVanishes) {
    std::string_view text = "a:b::c";
    EXPECT_EQ(take_until(text, ':'), "a");
    EXPECT_EQ(take_until(text, ':'), "b");
    EXPECT_EQ(take_until(text, ':'), "");
    EXPECT_EQ(take_until(text, ':'), "c");
    EXPECT_EQ(take_until(text, ':'), "");
}

}  // namespace
}  // namespace ringway::loadtest
