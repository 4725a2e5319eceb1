#include "loadtest/load/scenario.h"

#include <array>

#include "loadtest/scenario_values.h"

namespace ringway::loadtest {

namespace {

template <class Words>
struct TextEntry {
    std::string_view name;
    std::string Words::* text;
};

constexpr std::array<TextEntry<LoadWords>, 11> load_entries{{
    {"url", &LoadWords::url},
    {"active", &LoadWords::active},
    {"sources", &LoadWords::sources},
    {"rate", &LoadWords::rate},
    {"arrivals", &LoadWords::arrivals},
    {"warmup", &LoadWords::warm_up},
    {"duration", &LoadWords::duration},
    {"timeout", &LoadWords::timeout},
    {"ramp", &LoadWords::ramp_max},
    {"grace", &LoadWords::grace},
    {"json", &LoadWords::json},
}};

constexpr std::array<TextEntry<RequestWords>, 12> request_entries{{
    {"name", &RequestWords::name},
    {"method", &RequestWords::method},
    {"path", &RequestWords::path},
    {"body", &RequestWords::body},
    {"weight", &RequestWords::weight},
    {"think", &RequestWords::think},
    {"drip", &RequestWords::drip},
    {"slow_read", &RequestWords::slow_read},
    {"expect_status", &RequestWords::expect_status},
    {"expect_length", &RequestWords::expect_length},
    {"expect_body", &RequestWords::expect_body},
    {"expect_backend_header", &RequestWords::expect_backend_header},
}};

template <class Words, std::size_t Count>
bool read_text(const std::array<TextEntry<Words>, Count>& entries, const std::string& name,
               const toml::value& value, Words& words) {
    for (const TextEntry<Words>& entry : entries) {
        if (entry.name != name) continue;
        words.*entry.text = word_of(value);
        return true;
    }
    return false;
}

RequestWords read_request(const toml::value& table) {
    if (!table.is_table()) throw WrongValue(table, "[[request]] is expected here");
    RequestWords words;
    for (const auto& [name, value] : table.as_table()) {
        if (read_text(request_entries, name, value, words)) continue;
        if (name != "headers" || !value.is_array()) {
            throw WrongValue(value, fmt::format("there is no '{}' in a request", name));
        }
        for (const toml::value& header : value.as_array()) {
            words.headers.push_back(word_of(header));
        }
    }
    return words;
}

void read_entry(const std::string& name, const toml::value& value, LoadWords& words) {
    if (read_text(load_entries, name, value, words)) return;
    if (name == "connections") {
        read_number(value, words.connections);
    } else if (name == "threads") {
        read_number(value, words.threads);
    } else if (name == "receive_buffer") {
        read_number(value, words.receive_buffer);
    } else if (name == "number") {
        read_number(value, words.number);
    } else if (name == "seed") {
        read_number(value, words.seed);
    } else if (name == "close") {
        read_number(value, words.closes);
    } else if (name == "websocket") {
        read_number(value, words.websocket);
    } else if (name == "quiet") {
        read_number(value, words.quiet);
    } else if (name == "request" && value.is_array()) {
        for (const toml::value& one : value.as_array()) words.requests.push_back(read_request(one));
    } else {
        throw WrongValue(value, fmt::format("there is no '{}' in a load", name));
    }
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
