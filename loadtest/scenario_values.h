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

template <class Number>
void read_number(const toml::value& value, Number& number) {
    if (!read_quantity(word_of(value), number)) {
        throw WrongValue(value, "a number is expected here");
    }
}

// Calls `take(name, value)` for every entry at the top. The error is "FILE:LINE: what is wrong".
template <class Take>
std::expected<void, std::string> read_toml(const std::string& file, Take&& take) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return std::unexpected(fmt::format("{}: cannot be read", file));
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
