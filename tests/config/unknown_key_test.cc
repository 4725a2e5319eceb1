#include "config/unknown_key.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

std::string hint(std::string_view table, std::string_view name) {
    return explain_unknown({.table = table, .name = name}).hint;
}

TEST(UnknownKey, OneTableTooHighIsToldTheDottedName) {
    EXPECT_EQ(hint("group[]", "connects_per_second"),
              "it belongs in [group.pool]: write pool.connects_per_second");
    EXPECT_EQ(hint("client", "header"), "it belongs in [client.timeout]: write timeout.header");
    EXPECT_EQ(hint("log", "format"), "it belongs in [log.access]: write access.format");
}

TEST(UnknownKey, OneTableTooLowOrBesideIsToldItsTable) {
    EXPECT_EQ(hint("group[].sticky", "algorithm"), "it belongs in [[group]]");
    EXPECT_EQ(hint("group[].timeout", "connects_per_second"), "it belongs in [group.pool]");
    EXPECT_EQ(hint("limits", "connect"), "it belongs in [group.timeout]");
    EXPECT_EQ(hint("group[]", "header_count"), "it belongs in [limits]");
}

TEST(UnknownKey, AKeyOfABackendIsToldTheBraces) {
    EXPECT_EQ(hint("group[]", "weight"),
              "it belongs in [[group]] backends: write { address = ..., weight = ... }");
}

TEST(UnknownKey, ATableIsToldItsWholeName) {
    EXPECT_EQ(hint("", "pool"), "it belongs in [[group]]: write [group.pool]");
    EXPECT_EQ(hint("", "access"), "it belongs in [log]: write [log.access]");
    EXPECT_EQ(hint("group[]", "limits"), "it belongs at the top: write [limits]");
    EXPECT_EQ(hint("shards", "listen"), "it belongs at the top: write [[listen]]");
    EXPECT_EQ(hint("", "backends"), "it belongs in [[group]]: write backends = [ ... ]");
}

TEST(UnknownKey, OfSeveralPlacesTheSamePartOfTheFileComesFirst) {
    EXPECT_EQ(hint("client", "idle"), "it belongs in [client.timeout]: write timeout.idle");
    EXPECT_EQ(hint("group[]", "idle"), "it belongs in [group.timeout]: write timeout.idle");
    EXPECT_EQ(hint("group[].timeout", "connections"), "it belongs in [group.pool]");
    EXPECT_EQ(hint("", "idle"), "it belongs in [group.timeout] or in [client.timeout]");
    EXPECT_EQ(hint("", "timeout"), "it belongs in [[group]] or in [client] or in [shutdown]");
}

TEST(UnknownKey, AMistypedNameOfTheSameTableIsWhatWasMeant) {
    const UnknownKey unknown = explain_unknown({.table = "listen[]", .name = "adress"});
    EXPECT_EQ(unknown.hint, "did you mean \"address\"?");
    EXPECT_EQ(unknown.meant, "address");
}

TEST(UnknownKey, AMistypedNameOfAnotherTableIsToldBoth) {
    const UnknownKey unknown = explain_unknown({.table = "group[]", .name = "connect_per_second"});
    EXPECT_EQ(unknown.hint,
              "did you mean \"connects_per_second\"? it belongs in [group.pool]: write "
              "pool.connects_per_second");
    EXPECT_EQ(unknown.meant, "");
}

TEST(UnknownKey, WhatIsLikeNothingIsToldWhatThereIs) {
    EXPECT_EQ(hint("shards", "colour"), "known are count, pin, zone, snapshot_interval, busy_poll");
    EXPECT_EQ(hint("errors", "500").substr(0, 18), "known are 400, 404");
}

// Whatever is written into the wrong table is answered with a table that does have it.
TEST(UnknownKey, EveryKeyIsFoundFromEveryOtherTable) {
    for (const Key& table : all_keys()) {
        if (std::holds_alternative<ValueSlot>(table.slot)) continue;
        const std::string inner = table.inner_table();
        for (const Key& key : all_keys()) {
            if (find_key({.table = inner, .name = key.name()}) != nullptr) continue;
            EXPECT_TRUE(hint(inner, key.name()).starts_with("it belongs "))
                << key.path << " in " << table.path;
        }
    }
}

}  // namespace
}  // namespace ringway::config
