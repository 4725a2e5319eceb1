#include "config/text_position.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::config {
namespace {

// The text has '^' where the value begins; the key before it is what is left from the offset on.
std::string key_before(std::string text) {
    const std::size_t mark = text.find('^');
    text.erase(mark, 1);
    return text.substr(TextPosition(text).key_before(mark));
}

TEST(TextPosition, CountsLinesAndColumnsFromOne) {
    const TextPosition positions("ab\n\nc");
    EXPECT_EQ(positions.at(0), (Position{1, 1}));
    EXPECT_EQ(positions.at(1), (Position{1, 2}));
    EXPECT_EQ(positions.at(3), (Position{2, 1}));
    EXPECT_EQ(positions.at(4), (Position{3, 1}));
}

TEST(TextPosition, FindsTheKeyBeforeAValue) {
    EXPECT_EQ(key_before("x\n a = ^1"), "a = 1");
    EXPECT_EQ(key_before("a=^1"), "a=1");
    EXPECT_EQ(key_before("{ a = 1, b\t=\t^2 }"), "b\t=\t2 }");
    EXPECT_EQ(key_before("a.b = ^1"), "b = 1");
    EXPECT_EQ(key_before("\"a b\" = ^1"), "\"a b\" = 1");
    EXPECT_EQ(key_before("'a b' = ^1"), "'a b' = 1");
}

TEST(TextPosition, AnElementOrHeaderHasNoKeyBeforeIt) {
    EXPECT_EQ(key_before("a = [1, ^2]"), "2]");
    EXPECT_EQ(key_before("^[table]"), "[table]");
    EXPECT_EQ(key_before("# x =\n^[table]"), "[table]");
    EXPECT_EQ(key_before("=^1"), "1");
    EXPECT_EQ(key_before("\"=^1"), "1");
}

}  // namespace
}  // namespace ringway::config
