// The text of a configuration as a plain tree: what stands where, before anyone asked what it
// means. It hides the TOML library from the rest of the room. Every node knows the position of its
// value and of the key that names it, so that each complaint can point at the character it is
// about. Built by load_toml, read by load, then thrown away; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::config {

// From 1. Columns count bytes.
struct Position {
    std::uint32_t line = 1;
    std::uint32_t column = 1;

    auto operator<=>(const Position&) const = default;
};

struct Node {
    enum class Kind : std::uint8_t { boolean, integer, real, string, date, array, table };

    Kind kind = Kind::table;
    Position at;                 // Of the value, or of the [header] of a table.
    Position key_at;             // Of the key; equal to `at` where no key stands before it.
    std::string name;            // The key. Empty in an array and for the whole file.
    std::string text;            // A string's value; otherwise the value as it was written.
    std::int64_t integer = 0;    // Of an integer; saturated when the text says more.
    bool truth = false;          // Of a boolean.
    std::vector<Node> children;  // Of arrays and tables, in the order of the text.
};

// One thing that is wrong, without the file's name.
struct Problem {
    Position at;
    std::string text;
};

// Text from a file on its way to a terminal or a log: one line, nothing that moves the cursor, not
// too long.
std::string printable(std::string_view text);

// What was found, for a sentence: `the string "x"`, `the integer 5`, `a table`. Printable.
std::string found_text(const Node& node);

}  // namespace ringway::config
