#include "config/reader.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/nearest.h"
#include "config/unknown_key.h"

namespace ringway::config {
namespace {

std::string_view article(std::string_view noun) {
    return std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a" : "an";
}

// Of the words that a value may be, the one that was mistyped.
std::string meant_text(const Node& node, const ValueSlot& slot) {
    const auto* words = std::get_if<WordSlot>(&slot);
    if (words == nullptr || node.kind != Node::Kind::string) return "";
    const std::string_view meant = nearest(node.text, words->words);
    return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

std::string wrong_value(const Node& node, const Key& key, std::string_view because) {
    const std::string type = type_text(key);
    return fmt::format("{} is {}; expected {} {}{}{}{}", key.name(), found_text(node),
                       article(type), type, because.empty() ? ", " : ": ",
                       because.empty() ? range_text(key) : std::string(because),
                       meant_text(node, std::get<ValueSlot>(key.slot)));
}

}  // namespace

std::string Reader::Table::path_of(std::string_view name) const {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

void Reader::read_file(const Node& file) {
    read_table(file, {.schema = "", .path = "", .scope = {&config_, nullptr, nullptr, nullptr}});
}

void Reader::read_table(const Node& node, const Table& table) {
    std::vector<std::string_view> mistyped;
    for (const Node& child : node.children) {
        const Key* key = find_key({.table = table.schema, .name = child.name});
        if (key != nullptr) {
            read_key(child, *key, table);
        } else {
            mistyped.push_back(refuse_unknown(child, table));
        }
    }
    require(node, table, mistyped);
}

void Reader::read_key(const Node& node, const Key& key, const Table& table) {
    if (std::holds_alternative<ValueSlot>(key.slot)) {
        read_value(node, key, table);
    } else if (std::holds_alternative<ListSlot>(key.slot)) {
        read_list(node, key, table);
    } else if (node.kind == Node::Kind::table) {
        read_table(node, {key.inner_table(), table.path_of(key.name()), table.scope});
    } else {
        refuse(node.at,
               fmt::format("{} is {}; expected a table of {}", key.name(), found_text(node),
                           fmt::join(names_in(key.inner_table()), ", ")));
    }
}

void Reader::read_list(const Node& node, const Key& key, const Table& table) {
    const ListSlot& list = std::get<ListSlot>(key.slot);
    if (node.kind != Node::Kind::array) {
        const std::string_view cure = table.schema.empty() ? ": write it in double brackets" : "";
        refuse(node.at, fmt::format("{} is {}; expected an {}{}", key.name(), found_text(node),
                                    type_text(key), cure));
        return;
    }
    origins_.add(table.path_of(key.name()), node.key_at);
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        const Table element{.schema = key.inner_table(),
                            .path = fmt::format("{}[{}]", table.path_of(key.name()), i),
                            .scope = list.append(table.scope)};
        read_element(node.children[i], key, element);
    }
    if (node.children.empty() && key.is_required()) {
        refuse(node.at, fmt::format("{} is empty; expected at least one element", key.name()));
    }
}

void Reader::read_element(const Node& node, const Key& key, const Table& element) {
    const std::string_view shorthand = std::get<ListSlot>(key.slot).shorthand;
    origins_.add(element.path, node.at);
    if (node.kind == Node::Kind::table) {
        read_table(node, element);
    } else if (node.kind == Node::Kind::string && !shorthand.empty()) {
        read_value(node, *find_key({.table = element.schema, .name = shorthand}), element);
    } else {
        refuse(node.at, fmt::format("an element of {} is {}; expected {}a table", key.name(),
                                    found_text(node), shorthand.empty() ? "" : "an address or "));
    }
}

void Reader::read_value(const Node& node, const Key& key, const Table& table) {
    const Stored stored =
        std::visit([&](const auto& slot) { return slot.store(node, table.scope); },
                   std::get<ValueSlot>(key.slot));
    if (stored.taken) {
        origins_.add(table.path_of(key.name()), node.at);
    } else {
        refuse(node.at, wrong_value(node, key, stored.because));
    }
}

std::string_view Reader::refuse_unknown(const Node& node, const Table& table) {
    const UnknownKey unknown = explain_unknown({.table = table.schema, .name = node.name});
    refuse(node.key_at, fmt::format("unknown key \"{}\" in {}; {}", printable(node.name),
                                    table_text(table.schema), unknown.hint));
    return unknown.meant;
}

void Reader::require(const Node& node, const Table& table,
                     const std::vector<std::string_view>& mistyped) {
    for (const Key& key : all_keys()) {
        if (key.table() != table.schema || !key.is_required()) continue;
        // A name that was meant and mistyped has been told already.
        const bool written =
            std::ranges::find(node.children, key.name(), &Node::name) != node.children.end() ||
            std::ranges::find(mistyped, key.name()) != mistyped.end();
        if (written) continue;
        const std::string missing = table.schema.empty() ? fmt::format("[[{}]]", key.name())
                                                         : fmt::format("\"{}\"", key.name());
        refuse(node.at,
               fmt::format("{} lacks {}: {}", table_text(table.schema), missing, key.help));
    }
}

}  // namespace ringway::config
