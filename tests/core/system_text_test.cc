#include "core/system_text.h"

#include <gtest/gtest.h>

namespace ringway::core {
namespace {

TEST(SystemText, TakesLinesAndWordsOffTheFront) {
    std::string_view text = "a  b\n\nlast";
    std::string_view line = take_line(text);
    EXPECT_EQ(take_word(line), "a");
    EXPECT_EQ(take_word(line), "b");
    EXPECT_EQ(take_word(line), "");
    EXPECT_EQ(take_line(text), "");
    EXPECT_EQ(take_line(text), "last");
    EXPECT_EQ(text, "");
    EXPECT_EQ(take_line(text), "");
}

TEST(SystemText, ReadsNumbersThatAreWhole) {
    EXPECT_EQ(number_in(" 42\n"), 42);
    EXPECT_EQ(number_in("-1"), -1);
    for (const char* word : {"", "max", "4 2", "4x", "99999999999999999999"}) {
        EXPECT_EQ(number_in(word), std::nullopt) << word;
    }
}

TEST(SystemText, WhatCannotBeReadIsAbsent) {
    EXPECT_EQ(read_system_text("/proc/nowhere"), std::nullopt);
    EXPECT_EQ(read_system_text("/proc"), std::nullopt);
    EXPECT_EQ(read_system_number("/proc/self/comm"), std::nullopt);
    EXPECT_GT(read_system_number("/proc/sys/kernel/pid_max"), 0);
    EXPECT_TRUE(read_system_text("/proc/self/status")->starts_with("Name:"));
}

}  // namespace
}  // namespace ringway::core
