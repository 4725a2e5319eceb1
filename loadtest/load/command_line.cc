#include "loadtest/load/command_line.h"

#include <utility>

#include "loadtest/load/option_tables.h"
#include "loadtest/load/scenario.h"

namespace ringway::loadtest {

namespace {

constexpr std::string_view summary =
    "asks an HTTP server, measures the answers, and looks whether they are right.";

constexpr std::string_view footer = R"(Examples:
  ringway-load http://127.0.0.1:8080/ -c 64 -d 10s
      closed loop, as wrk does: 64 connections, each asks again when it was answered
  ringway-load http://127.0.0.1:8080/ -c 256 --rate 20k/s --arrivals poisson
      open loop: latencies count from when a request was meant to leave
  ringway-load http://127.0.0.1:8080/ -c 64 --close
      a connection per request; latencies count from its connect
  ringway-load http://127.0.0.1:8080/ -c 100000 --sources 20 --active 10% --rate 5k/s
      a tenth of them asks, the others are held idle; as many threads as descriptors demand
  ringway-load http://127.0.0.1:8080/ --expect-body pattern --expect-length 130
      every byte is compared with what ringway-origin --size 130 answers
  ringway-load http://127.0.0.1:8080/ --expect-backend-header x-backend
      how many answers came from which backend, and an error for each that does not say

Latency is that of right answers. Exit status: 0 everything was answered as expected, 1 it could
not start or write its result, 2 it was asked for wrongly, 3 something was not answered as expected.)";

constexpr OptionText scenario_option{
    "scenario", "FILE",
    "All of this in a TOML file, with several kinds of requests; what the command line says goes "
    "before it"};

Program program() {
    return {.name = "ringway-load",
            .summary = summary,
            .bare = "url",
            .footer = footer,
            .groups = {option_group("How it is asked", load_options),
                       option_group("What is asked", asked_options),
                       option_group("What the answers have to be", answer_options),
                       {.title = "Instead", .options = {scenario_option}}}};
}

// An empty text, or what is wrong.
std::string take(const Said& said, LoadWords& words, RequestWords& request) {
    if (const auto* option = find_option(load_options, said.name)) {
        return option->try_set(said.value, words);
    }
    if (const auto* option = find_option(asked_options, said.name)) {
        return option->try_set(said.value, request);
    }
    if (const auto* option = find_option(answer_options, said.name)) {
        return option->try_set(said.value, request);
    }
    return "";  // The scenario, which has been read.
}

// What the file says first, then what the command line does.
std::expected<LoadWords, std::string> joined(const std::vector<Said>& all) {
    LoadWords words;
    if (const auto file = said_last(all, scenario_option.name)) {
        auto read = read_load_scenario(std::string{*file});
        if (!read) return read;
        words = std::move(*read);
    }
    RequestWords request;
    const std::string why =
        take_each(all, [&](const Said& said) { return take(said, words, request); });
    if (!why.empty()) return std::unexpected(why);
    if (words.requests.empty()) {
        words.requests.push_back(std::move(request));
    } else if (request != RequestWords{}) {
        return std::unexpected("what is asked stands in the scenario, or on the command line");
    }
    return words;
}

}  // namespace

std::expected<LoadOptions, int> read_load_command_line(int argc, char** argv) {
    const Program load = program();
    const auto all = read_command_line(load, argc, argv);
    if (!all) return std::unexpected(all.error());
    const auto words = joined(*all);
    if (!words) return refuse(load, words.error());
    auto options = understand(*words);
    if (!options) return refuse(load, options.error());
    return std::move(*options);
}

}  // namespace ringway::loadtest
