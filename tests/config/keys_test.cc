#include "config/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ringway::config {
namespace {

TEST(Keys, EachStandsOnceAndAfterItsTable) {
    std::set<std::string> tables{""};
    std::set<std::string_view> paths;
    for (const Key& key : all_keys()) {
        EXPECT_TRUE(paths.insert(key.path).second) << key.path;
        EXPECT_TRUE(tables.contains(std::string(key.table()))) << key.path;
        if (!std::holds_alternative<ValueSlot>(key.slot)) tables.insert(key.inner_table());
    }
}

TEST(Keys, HelpIsOneSentence) {
    for (const Key& key : all_keys()) {
        EXPECT_TRUE(key.help.ends_with('.')) << key.path;
        EXPECT_EQ(key.help.find('\t'), std::string_view::npos) << key.path;
        EXPECT_EQ(key.help.find('\n'), std::string_view::npos) << key.path;
    }
}

TEST(Keys, AreFoundByTableAndName) {
    const Key* key = find_key({.table = "group[].timeout", .name = "connect"});
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(key->path, "group[].timeout.connect");
    EXPECT_EQ(default_text(*key), "\"1s\"");
    EXPECT_EQ(type_text(*key), "duration");
    EXPECT_EQ(find_key({.table = "group[]", .name = "connect"}), nullptr);
    EXPECT_EQ(find_key({.table = "", .name = ""}), nullptr);
}

TEST(Keys, TablesReadAsPeopleWriteThem) {
    EXPECT_EQ(table_text(""), "the file");
    EXPECT_EQ(table_text("limits"), "[limits]");
    EXPECT_EQ(table_text("group[]"), "[[group]]");
    EXPECT_EQ(table_text("group[].backends[]"), "[[group]] backends");
    EXPECT_EQ(table_text("client.timeout"), "[client.timeout]");
}

}  // namespace
}  // namespace ringway::config
