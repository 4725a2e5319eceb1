#include "loadtest/origin/scenario.h"

#include "loadtest/origin/option_table.h"
#include "loadtest/scenario_values.h"

namespace ringway::loadtest {

namespace {

// "name=value" of a table of settings, each proved to be one.
std::vector<std::string> read_settings(const toml::value& table) {
    if (!table.is_table()) throw WrongValue(table, "a table of settings is expected here");
    std::vector<std::string> words;
    for (const auto& [name, value] : table.as_table()) {
        const std::string text = word_of(value);
        Settings scratch;
        if (std::string why = try_set(scratch, name, text); !why.empty())
            throw WrongValue(value, why);
        words.push_back(fmt::format("{}={}", name, text));
    }
    return words;
}

void read_backends(const toml::value& backends, OriginWords& words) {
    if (!backends.is_table()) throw WrongValue(backends, "[backend.N] is expected here");
    for (const auto& [number, table] : backends.as_table()) {
        for (const std::string& setting : read_settings(table)) {
            words.for_one.push_back(fmt::format("{}:{}", number, setting));
        }
    }
}

void read_entry(const std::string& name, const toml::value& value, OriginWords& words) {
    if (try_option(fleet_options, name, value, words)) return;
    if (name == "all") {
        words.settings = read_settings(value);
    } else if (name == "backend") {
        read_backends(value, words);
    } else {
        throw WrongValue(value, no_such_name(name, "a scenario", fleet_options));
    }
}

}  // namespace

std::expected<OriginWords, std::string> read_scenario(const std::string& file) {
    OriginWords words;
    const auto read = read_toml(file, [&words](const std::string& name, const toml::value& value) {
        read_entry(name, value, words);
    });
    if (!read) return std::unexpected(read.error());
    return words;
}

}  // namespace ringway::loadtest
