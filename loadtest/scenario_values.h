// What the readers of scenario files share: how a value of TOML becomes the text that the command
// line would have had, and how a file is read so that everything wrong with it is told with its
// line. Together with scenario*.cc the only code outside config/ that sees the TOML library; what
// that throws is caught in `read_toml`.
// Read once, before anything runs.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <expected>
#include <fstream>
#include <string>
#include <toml.hpp>
#include <utility>

#include "loadtest/option.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

// Thrown and caught here: toml11 throws, so what is found wrong goes the same way.
struct WrongValue {
    WrongValue(const toml::value& value, std::string reason)
        : line(value.location().line()), why(std::move(reason)) {}
    std::uint_least32_t line;
    std::string why;
};

// A number needs no quotes.
inline std::string word_of(const toml::value& value) {
    if (value.is_string()) return value.as_string().str;
    if (value.is_integer()) return fmt::format("{}", value.as_integer());
    if (value.is_floating()) return fmt::format("{}", value.as_floating());
    if (value.is_boolean()) return text_of(value.as_boolean());
    throw WrongValue(value, "a text, a number, true or false is expected here");
}

// False when the table has no such option.
template <class Table, class Words>
bool try_option(const Table& table, const std::string& name, const toml::value& value,
                Words& words) {
    const auto* option = find_option(table, name);
    if (option == nullptr) return false;
    const std::string why = option->try_set(word_of(value), words);
    if (!why.empty()) throw WrongValue(value, why);
    return true;
}

// Of a name that none of the tables has: " in a load", with the one that was perhaps meant.
template <class... Tables>
std::string no_such_name(std::string_view name, std::string_view place, const Tables&... tables) {
    std::vector<std::string_view> known;
    const auto add = [&known](const auto& table) {
        for (const auto& option : table) known.push_back(option.text.name);
    };
    (add(tables), ...);
    const std::string_view meant = meant_name(name, known);
    const std::string hint = meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant);
    return fmt::format("there is no '{}' in {}{}", name, place, hint);
}

// Calls `take(name, value)` for every entry at the top. The error is "FILE:LINE: what is wrong".
template <class Take>
std::expected<void, std::string> read_toml(const std::string& file, Take&& take) {
    std::ifstream stream(file, std::ios::binary);
    stream.peek();  // A folder can be opened, too.
    if (stream.bad() || !stream.is_open()) {
        return std::unexpected(fmt::format("{}: cannot be read", file));
    }
    try {
        const toml::value document = toml::parse(stream, file);
        for (const auto& [name, value] : document.as_table()) take(name, value);
    } catch (const WrongValue& wrong) {
        return std::unexpected(fmt::format("{}:{}: {}", file, wrong.line, wrong.why));
    } catch (const toml::exception& error) {
        return std::unexpected(
            fmt::format("{}:{}: this is not TOML", file, error.location().line()));
    } catch (const std::exception& error) {
        return std::unexpected(fmt::format("{}: {}", file, error.what()));
    }
    return {};
}

}  // namespace ringway::loadtest
