#include "loadtest/load/scenario.h"

#include "loadtest/load/option_tables.h"
#include "loadtest/scenario_values.h"

namespace ringway::loadtest {

namespace {

bool try_request_option(const std::string& name, const toml::value& value, RequestWords& words) {
    return try_option(kind_options, name, value, words) ||
           try_option(asked_options, name, value, words) ||
           try_option(answer_options, name, value, words);
}

RequestWords read_request(const toml::value& table) {
    if (!table.is_table()) throw WrongValue(table, "[[request]] is expected here");
    RequestWords words;
    for (const auto& [name, value] : table.as_table()) {
        if (try_request_option(name, value, words)) continue;
        if (name != "headers" || !value.is_array()) {
            throw WrongValue(value, no_such_name(name, "a request", kind_options, asked_options,
                                                 answer_options));
        }
        for (const toml::value& header : value.as_array()) {
            words.headers.push_back(word_of(header));
        }
    }
    return words;
}

void read_entry(const std::string& name, const toml::value& value, LoadWords& words) {
    if (try_option(load_options, name, value, words)) return;
    if (name != "request") throw WrongValue(value, no_such_name(name, "a load", load_options));
    if (!value.is_array()) throw WrongValue(value, "[[request]] is expected here");
    for (const toml::value& one : value.as_array()) words.requests.push_back(read_request(one));
}

}  // namespace

std::expected<LoadWords, std::string> read_load_scenario(const std::string& file) {
    LoadWords words;
    const auto read = read_toml(file, [&words](const std::string& name, const toml::value& value) {
        read_entry(name, value, words);
    });
    if (!read) return std::unexpected(read.error());
    return words;
}

}  // namespace ringway::loadtest
