#include "config/load_toml.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::config {
namespace {

std::string problem(std::string_view text) {
    const auto file = load_toml(text);
    if (file) return "no problem";
    return std::to_string(file.error().at.line) + ":" + std::to_string(file.error().at.column) +
           ": " + file.error().text;
}

TEST(LoadToml, KeepsKindsValuesAndPositions) {
    const auto file = load_toml("a = 5\n  b.c = \"x\"\n[[t]]\nd = [true, 1.5]\n");
    ASSERT_TRUE(file.has_value());
    ASSERT_EQ(file->children.size(), 3U);
    const Node& a = file->children[0];
    EXPECT_EQ(a.kind, Node::Kind::integer);
    EXPECT_EQ(a.integer, 5);
    EXPECT_EQ(a.text, "5");
    EXPECT_EQ(a.key_at, (Position{1, 1}));
    EXPECT_EQ(a.at, (Position{1, 5}));
    const Node& c = file->children[1].children[0];
    EXPECT_EQ(c.kind, Node::Kind::string);
    EXPECT_EQ(c.text, "x");
    EXPECT_EQ(c.key_at, (Position{2, 5}));
    EXPECT_EQ(c.at, (Position{2, 9}));
    const Node& t = file->children[2];
    EXPECT_EQ(t.kind, Node::Kind::array);
    EXPECT_EQ(t.at, (Position{3, 1}));
    const Node& d = t.children[0].children[0];
    EXPECT_TRUE(d.children[0].truth);
    EXPECT_EQ(d.children[1].kind, Node::Kind::real);
    EXPECT_EQ(d.children[1].at, (Position{4, 12}));
}

TEST(LoadToml, AByteOrderMarkTakesNoColumn) {
    const auto file = load_toml(
        "\xef\xbb\xbf"
        "a = 5");
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->children[0].at, (Position{1, 5}));
}

TEST(LoadToml, LinesMayEndWithCarriageReturnAndLineFeed) {
    const auto file = load_toml("a = 5\r\nb = \"x\"\r\n");
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->children[1].text, "x");
    EXPECT_EQ(file->children[1].at, (Position{2, 5}));
}

TEST(LoadToml, SyntaxErrorsAreOneLineAtThePlace) {
    EXPECT_EQ(problem("\na = \n"),
              "2:5: not TOML: missing value after key-value separator '=': expected value, but got "
              "nothing");
    EXPECT_EQ(problem("a = 1\na = 2\n"),
              "2:5: not TOML: value (\"a\") already exists: value defined twice");
    EXPECT_EQ(problem("[x\n"), "1:1: not TOML: an invalid key appeared: is not a valid key");
    EXPECT_EQ(problem("a = \"abc\n"), "1:5: not TOML: the next token is not a valid string");
    EXPECT_EQ(problem("a = [1, 2\nb = 3\n"),
              "2:1: not TOML: missing array separator `,` after a value: should be `,`");
    EXPECT_EQ(problem("ok = true\nb = off\n"),
              "2:5: not TOML: bad format: unknown value appeared; text is put in quotes");
    EXPECT_EQ(problem("address = 10.0.0.1\n"),
              "1:15: not TOML: invalid line format: expected newline, but got '.'");
    EXPECT_EQ(problem("[a]\n[b]\n[a]\n"),
              "3:1: not TOML: table (\"a\") already exists: table defined twice");
    EXPECT_EQ(problem("a b = 3"),
              "1:2: not TOML: invalid format for key: invalid character in key");
    EXPECT_EQ(problem("x"), "1:2: not TOML: missing key-value separator `=`: should be `=`");
}

TEST(LoadToml, RefusesWhatNestsDeeplyBeforeTheLibraryRecurses) {
    EXPECT_EQ(problem("a = " + std::string(10'000, '[')),
              "1:1: arrays and tables nest deeper than 32");
    EXPECT_EQ(problem("a = " + std::string(32, '[') + std::string(32, ']')), "no problem");
}

TEST(LoadToml, RefusesWhatIsNoTextWhereItStands) {
    EXPECT_EQ(problem("a = 1\nb = '\xa4'\n"), "2:6: not TOML: the byte 0xa4 is no character");
}

TEST(LoadToml, RefusesALineThatWouldTakeTheLibraryLong) {
    const std::string line = "b = \"" + std::string(line_bytes_max - 6, 'x') + "\"";
    EXPECT_EQ(problem("a = 1\n" + line + "\nc = 3\n"), "no problem");
    EXPECT_EQ(
        problem("a = 1\n" + line + " \nc = 3\n"),
        "2:1: the line is longer than 65536 bytes; give each element of an array a line of its "
        "own");
}

TEST(LoadToml, RefusesAHugeFile) {
    EXPECT_EQ(problem(std::string(text_bytes_max + 1, '#')),
              "1:1: the file has 4194305 bytes; at most 4194304");
}

}  // namespace
}  // namespace ringway::config
