#include "config/nearest.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::config {
namespace {

constexpr std::string_view known[] = {"address", "name", "connections", "count"};

TEST(Nearest, CountsWhatFingersDoAsOneStep) {
    EXPECT_EQ(edit_distance({.written = "address", .known = "address"}), 0U);
    EXPECT_EQ(edit_distance({.written = "adress", .known = "address"}), 1U);
    EXPECT_EQ(edit_distance({.written = "addresss", .known = "address"}), 1U);
    EXPECT_EQ(edit_distance({.written = "addtess", .known = "address"}), 1U);
    EXPECT_EQ(edit_distance({.written = "adderss", .known = "address"}), 1U);
    EXPECT_EQ(edit_distance({.written = "", .known = "name"}), 4U);
    EXPECT_EQ(edit_distance({.written = "name", .known = ""}), 4U);
}

TEST(Nearest, FindsWhatWasProbablyMeant) {
    EXPECT_EQ(nearest("adress", known), "address");
    EXPECT_EQ(nearest("conections", known), "connections");
    EXPECT_EQ(nearest("nmae", known), "name");
}

TEST(Nearest, SaysNothingRatherThanGuess) {
    EXPECT_EQ(nearest("zone", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest(std::string(100'000, 'a'), known), "");
    EXPECT_EQ(nearest("name", {}), "");
    constexpr std::string_view statuses[] = {"502", "503"};
    EXPECT_EQ(nearest("500", statuses), "");
}

}  // namespace
}  // namespace ringway::config
