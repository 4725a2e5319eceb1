// Slots: where in a Config a setting goes, and what may be put there. A slot is a few constants and
// a function that finds the place; it stores a value read from the file, prints the value that a
// Config holds in the form the file takes, and says in words what it accepts. A new kind of value
// is a new slot; nothing else in the room knows how values look.
// Immutable, made at compile time for the table in keys.cc; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/scope.h"
#include "config/text_slot.h"
#include "config/toml_node.h"

namespace ringway::config {

struct DurationSlot {
    Place<core::Duration> place;
    core::Duration min;
    core::Duration max;

    static constexpr std::string_view type = "duration";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

struct IntegerSlot {
    Place<std::uint32_t> place;
    std::uint32_t min;
    std::uint32_t max;

    static constexpr std::string_view type = "integer";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// An integer, or the word "auto".
struct AutoIntegerSlot {
    Place<std::optional<std::uint32_t>> place;
    std::uint32_t min;
    std::uint32_t max;

    static constexpr std::string_view type = "integer or \"auto\"";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// A number of bytes: "32k", or an integer.
struct SizeSlot {
    Place<std::uint32_t> place;
    std::uint32_t min;
    std::uint32_t max;

    static constexpr std::string_view type = "size";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// The same, where four gigabytes are not much.
struct LongSizeSlot {
    Place<std::uint64_t> place;
    static constexpr std::int64_t min = 0;
    static constexpr std::int64_t max = std::int64_t{1} << 50;

    static constexpr std::string_view type = "size";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

struct BooleanSlot {
    Place<bool> place;

    static constexpr std::string_view type = "boolean";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const { return "true or false"; }
};

// A share: "20%".
struct PercentSlot {
    Place<double> place;
    double max = 100;

    static constexpr std::string_view type = "percentage";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// Statuses of responses: [502, 503].
struct StatusesSlot {
    Place<std::vector<std::uint16_t>> place;
    std::uint16_t min;
    std::uint16_t max;

    static constexpr std::string_view type = "list of integers";
    static constexpr std::size_t count_max = 64;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// Blocks of addresses: ["10.0.0.0/8", "::1"].
struct PrefixesSlot {
    Place<std::vector<core::AddressPrefix>> place;

    static constexpr std::string_view type = "list of address blocks";
    static constexpr std::size_t count_max = 1'024;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// One of a few words, in the order of the enum that it leads to.
struct WordSlot {
    std::size_t (*get)(const Scope& scope);
    void (*set)(const Scope& scope, std::size_t index);
    std::span<const std::string_view> words;

    static constexpr std::string_view type = "word";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

template <auto... Path>
constexpr WordSlot word_at(std::span<const std::string_view> words) {
    using Enum = std::remove_reference_t<decltype(at<Path...>(std::declval<Scope>()))>;
    return {.get = [](const Scope& scope) { return static_cast<std::size_t>(at<Path...>(scope)); },
            .set = [](const Scope& scope,
                      std::size_t index) { at<Path...>(scope) = static_cast<Enum>(index); },
            .words = words};
}

struct AddressSlot {
    Place<core::Address> place;

    static constexpr std::string_view type = "address";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

using ValueSlot = std::variant<DurationSlot, IntegerSlot, AutoIntegerSlot, SizeSlot, BooleanSlot,
                               NameSlot, FileSlot, WordSlot, AddressSlot, PercentSlot, StatusesSlot,
                               ProtocolsSlot, PrefixesSlot, LongSizeSlot, TextSlot, KeySlot>;

}  // namespace ringway::config
