// The options of a program, as a table: how each is written, what it takes, what it is for, and
// where its value goes. A command line is split by such tables and its help is printed out of them,
// and a scenario file has the same names and goes through the same readers, so the three cannot
// disagree. An option is `receive_buffer` in a table and in a file, and `--receive-buffer` on a
// command line. What a program was asked for is first split into words (`Said`) and then read into
// a struct of the program's own: a file can be read in between, and the command line still holds.
// Used before anything runs; any thread.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/quantity.h"

namespace ringway::loadtest {

struct OptionText {
    std::string_view name;
    std::string_view form;  // Of its value, for a person; empty: a flag, which takes none.
    std::string_view help;  // Empty: not for people.
    char letter = 0;        // 'c': -c is as good; 0: there is none.
};

template <class Words>
struct Option {
    OptionText text;
    // Nothing, or what was expected in place of `value`: "a number".
    std::string_view (*read)(std::string_view value, Words& words);

    // An empty text, or what is wrong.
    std::string try_set(std::string_view value, Words& words) const {
        const std::string_view expected = read(value, words);
        return expected.empty() ? "" : fmt::format("'{}' is not {}", value, expected);
    }
};

template <class Table>
const typename Table::value_type* find_option(const Table& table, std::string_view name) {
    for (const auto& option : table) {
        if (option.text.name == name) return &option;
    }
    return nullptr;
}

// The name that a mistyped one may have meant: it begins so, or differs in two letters in a row at
// the most. Empty when there is none.
std::string_view meant_name(std::string_view written, std::span<const std::string_view> known);

// --- What tables are made of --------------------------------------------------------------------

namespace option_values {

inline std::string_view read(std::string_view text, std::string& word) {
    word = text;
    return "";
}
inline std::string_view read(std::string_view text, bool& truth) {
    return read_quantity(text, truth) ? "" : "yes or no";
}
inline std::string_view read(std::string_view text, std::uint64_t& number) {
    return read_quantity(text, number) ? "" : "a number such as 500 or 64k";
}
template <class Number>
std::string_view read(std::string_view text, Number& number) {
    return read_quantity(text, number) ? "" : "a number";
}
// "1,10,100" in place of what was there.
template <class Value>
std::string_view read(std::string_view text, std::vector<Value>& list) {
    list.clear();
    std::string_view expected;
    do {
        Value value{};
        expected = read(take_until(text, ','), value);
        list.push_back(value);
    } while (expected.empty() && !text.empty());
    return expected;
}

// Never defined: only its type is asked for.
template <class Words, class Value>
Words owner_of(Value Words::*);

}  // namespace option_values

// Its value is the member of `Words` that the path leads to.
template <auto First, auto... Rest>
constexpr auto option(const OptionText& text) {
    using Words = decltype(option_values::owner_of(First));
    return Option<Words>{text, [](std::string_view value, Words& words) {
                             return option_values::read(value, ((words.*First).*....*Rest));
                         }};
}

// It may be said several times, and each is one more of the list.
template <auto List>
constexpr auto repeated_option(const OptionText& text) {
    using Words = decltype(option_values::owner_of(List));
    return Option<Words>{text, [](std::string_view value, Words& words) {
                             (words.*List).emplace_back(value);
                             return std::string_view{};
                         }};
}

// --- A command line -----------------------------------------------------------------------------

struct Said {
    std::string_view name;  // Of an option, as in its table.
    std::string_view value;
};

struct OptionGroup {
    std::string_view title;
    std::vector<OptionText> options = {};
};

template <class Table>
OptionGroup option_group(std::string_view title, const Table& table) {
    OptionGroup group{.title = title};
    for (const auto& option : table) group.options.push_back(option.text);
    return group;
}

struct Program {
    std::string_view name;
    std::string_view summary;
    std::string_view bare = {};  // The option that a word without a name is for; empty: none.
    std::string_view footer;     // Of the help.
    std::vector<OptionGroup> groups;
};

std::string help_of(const Program& program);
// What is said, in its order; help is said as any option is. The error is what is wrong.
std::expected<std::vector<Said>, std::string> split(const Program& program,
                                                    std::span<char* const> arguments);
// "--receive-buffer".
std::string flag_of(std::string_view name);

// What was said last of an option.
std::optional<std::string_view> said_last(const std::vector<Said>& all, std::string_view name);
// Calls `take(said)` until one says what is wrong; the answer is that, behind the option's name.
// Empty: nothing is.
template <class Take>
std::string take_each(const std::vector<Said>& all, Take&& take) {
    for (const Said& said : all) {
        const std::string why = take(said);
        if (!why.empty()) return fmt::format("{}: {}", flag_of(said.name), why);
    }
    return "";
}

// As `split`, or the status to exit with: help was printed, or what is wrong.
std::expected<std::vector<Said>, int> read_command_line(const Program& program, int argc,
                                                        char** argv);
// Prints why it cannot be done, and is the status that says so.
std::unexpected<int> refuse(const Program& program, std::string_view why);

}  // namespace ringway::loadtest
