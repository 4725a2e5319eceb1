#include "config/unknown_key.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "config/nearest.h"

namespace ringway::config {
namespace {

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> names;
    for (const Key& key : all_keys()) names.push_back(key.name());
    return names;
}

// The first name of the path: tables that share it are about the same thing.
std::string_view part_of(std::string_view table) {
    return table.substr(0, table.find('.'));
}

// The keys of that name, of all tables; where one of the same part of the file has it, only those.
std::vector<const Key*> places_of(KeyLookup written) {
    std::vector<const Key*> all;
    std::vector<const Key*> close;
    for (const Key& key : all_keys()) {
        if (key.name() != written.name) continue;
        all.push_back(&key);
        if (part_of(key.table()) == part_of(written.table)) close.push_back(&key);
    }
    return close.empty() ? all : close;
}

bool is_inner(std::string_view table) {
    return table.find('.') != table.npos;
}

// How to write it, where the name of its table does not say that.
std::string form_of(const Key& key, std::string_view from) {
    const std::string_view table = key.table();
    if (std::holds_alternative<ListSlot>(key.slot) && !table.empty()) {
        return fmt::format(": write {} = [ ... ]", key.name());
    }
    if (!std::holds_alternative<ValueSlot>(key.slot)) {
        return fmt::format(": write {}", table_text(key.inner_table()));
    }
    if (table.ends_with("[]") && is_inner(table)) {
        return fmt::format(": write {{ address = ..., {} = ... }}", key.name());
    }
    const bool is_below = !from.empty() && table.size() > from.size() && table.starts_with(from) &&
                          table[from.size()] == '.';
    if (is_below) return fmt::format(": write {}", key.path.substr(from.size() + 1));
    return "";
}

std::string place_text(const Key& key) {
    return key.table().empty() ? "at the top" : fmt::format("in {}", table_text(key.table()));
}

std::string belongs(const std::vector<const Key*>& places, std::string_view from) {
    std::vector<std::string> texts;
    for (const Key* place : places) texts.push_back(place_text(*place));
    const std::string form = places.size() == 1 ? form_of(*places[0], from) : "";
    return fmt::format("it belongs {}{}", fmt::join(texts, " or "), form);
}

}  // namespace

std::vector<std::string_view> names_in(std::string_view table) {
    std::vector<std::string_view> names;
    for (const Key& key : all_keys()) {
        if (key.table() == table) names.push_back(key.name());
    }
    return names;
}

UnknownKey explain_unknown(KeyLookup written) {
    const auto exact = places_of(written);
    if (!exact.empty()) return {.hint = belongs(exact, written.table)};
    const auto known = names_in(written.table);
    if (const std::string_view meant = nearest(written.name, known); !meant.empty()) {
        return {.hint = fmt::format("did you mean \"{}\"?", meant), .meant = meant};
    }
    if (const std::string_view meant = nearest(written.name, all_names()); !meant.empty()) {
        const auto places = places_of({.table = written.table, .name = meant});
        return {.hint =
                    fmt::format("did you mean \"{}\"? {}", meant, belongs(places, written.table))};
    }
    return {.hint = fmt::format("known are {}", fmt::join(known, ", "))};
}

}  // namespace ringway::config
