#include "loadtest/scenario.h"

#include <fmt/core.h>

#include <fstream>
#include <sstream>
#include <toml.hpp>
#include <utility>

#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

// Thrown and caught in this file alone: toml11 throws, so what is found wrong goes the same way.
struct Wrong {
    Wrong(const toml::value& value, std::string reason)
        : line(value.location().line()), why(std::move(reason)) {}
    std::uint_least32_t line;
    std::string why;
};

// As the command line would have it; a number needs no quotes.
std::string text_of(const toml::value& value) {
    if (value.is_string()) return value.as_string().str;
    if (value.is_integer()) return fmt::format("{}", value.as_integer());
    if (value.is_floating()) return fmt::format("{}", value.as_floating());
    if (value.is_boolean()) return loadtest::text_of(value.as_boolean());
    throw Wrong(value, "a text, a number, true or false is expected here");
}

// "name=value" of a table of settings, each proved to be one.
std::vector<std::string> read_settings(const toml::value& table) {
    if (!table.is_table()) throw Wrong(table, "a table of settings is expected here");
    std::vector<std::string> words;
    for (const auto& [name, value] : table.as_table()) {
        const std::string text = text_of(value);
        Settings scratch;
        if (std::string why = try_set(scratch, name, text); !why.empty()) throw Wrong(value, why);
        words.push_back(fmt::format("{}={}", name, text));
    }
    return words;
}

void read_backends(const toml::value& backends, OriginWords& words) {
    if (!backends.is_table()) throw Wrong(backends, "[backend.N] is expected here");
    for (const auto& [number, table] : backends.as_table()) {
        for (const std::string& setting : read_settings(table)) {
            words.for_one.push_back(fmt::format("{}:{}", number, setting));
        }
    }
}

template <class Number>
void read_number(const toml::value& value, Number& number) {
    if (!read_quantity(text_of(value), number)) throw Wrong(value, "a number is expected here");
}

void read_entry(const std::string& name, const toml::value& value, OriginWords& words) {
    if (name == "listen") {
        words.listen = text_of(value);
    } else if (name == "control") {
        words.control = text_of(value);
    } else if (name == "log_bytes") {
        words.log_bytes = text_of(value);
    } else if (name == "backends") {
        read_number(value, words.backends);
    } else if (name == "seed") {
        read_number(value, words.seed.emplace());
    } else if (name == "json") {
        read_number(value, words.json);
    } else if (name == "processes") {
        read_number(value, words.processes);
    } else if (name == "all") {
        words.settings = read_settings(value);
    } else if (name == "backend") {
        read_backends(value, words);
    } else {
        throw Wrong(value, fmt::format("there is no '{}' in a scenario", name));
    }
}

}  // namespace

std::expected<OriginWords, std::string> read_scenario(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return std::unexpected(fmt::format("{}: cannot be read", file));
    OriginWords words;
    try {
        const toml::value document = toml::parse(stream, file);
        for (const auto& [name, value] : document.as_table()) read_entry(name, value, words);
    } catch (const Wrong& wrong) {
        return std::unexpected(fmt::format("{}:{}: {}", file, wrong.line, wrong.why));
    } catch (const toml::exception& error) {
        return std::unexpected(
            fmt::format("{}:{}: this is not TOML", file, error.location().line()));
    } catch (const std::exception& error) {
        return std::unexpected(fmt::format("{}: {}", file, error.what()));
    }
    return words;
}

}  // namespace ringway::loadtest
