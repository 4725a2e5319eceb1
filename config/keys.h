// The key table: every key that a configuration file may have, once, with where it goes, what it
// takes and a sentence of help. Reading, hints for unknown keys, `check --explain`, the reference
// in the man page and the list for the contract test all come from it, so they cannot disagree.
// Defaults are not in it: they are the initial values of the structs that the slots lead to.
// To add a setting: a member in a settings.h, a line in keys.cc. Immutable; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/slot.h"

namespace ringway::config {

// `[name]` or `name = { ... }`.
struct TableSlot {};

// `[[name]]` or `name = [ ... ]`: each element is a struct in a vector.
struct ListSlot {
    std::size_t (*size)(const Scope& scope);
    Scope (*append)(const Scope& scope);
    Scope (*enter)(const Scope& scope, std::size_t index);
    // An element may be this value alone, instead of a table. Empty: it may not.
    std::string_view shorthand = {};
};

enum class Presence : bool { optional, required };

struct Key {
    // Names joined by dots; "[]" after the name of a list: "group[].timeout.connect".
    std::string_view path;
    std::variant<TableSlot, ListSlot, ValueSlot> slot;
    std::string_view help;
    Presence presence = Presence::optional;

    std::string_view name() const;
    // The path of the table it stands in; empty at the top of the file.
    std::string_view table() const;
    // What `table()` is for the keys within.
    std::string inner_table() const;
    bool is_required() const { return presence == Presence::required; }
};

std::span<const Key> all_keys();

// Null when there is none.
struct KeyLookup {
    std::string_view table;
    std::string_view name;
};
const Key* find_key(KeyLookup lookup);

// The way a person writes the place: "[limits]", "[[group]]", "[group.timeout]"; for an array
// within a table "[[group]] backends", because its elements are mostly written in braces; "the
// file" for the top.
std::string table_text(std::string_view table);

// Type, range and default in words, as the reference prints them.
std::string type_text(const Key& key);
std::string range_text(const Key& key);
// Empty for keys without one.
std::string default_text(const Key& key);

}  // namespace ringway::config
