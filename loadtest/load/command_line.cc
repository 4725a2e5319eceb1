#include "loadtest/load/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "loadtest/load/scenario.h"
#include "loadtest/load/words.h"

namespace ringway::loadtest {

namespace {

constexpr const char* summary =
    "ringway-load: asks an HTTP server, measures the answers, and looks whether they are right.";

constexpr const char* footer = R"(Examples:
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
not start, 2 it was asked for wrongly, 3 something was not answered as expected.)";

void add_request(CLI::App& app, RequestWords& request) {
    constexpr const char* group = "What is asked";
    app.add_option("-X,--method", request.method, "Method (GET)")
        ->type_name("METHOD")
        ->group(group);
    app.add_option("-H,--header", request.headers, "A header; may be repeated")
        ->type_name("'NAME: VALUE'")
        ->group(group)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option("--body", request.body, "Bytes to send with each request (0)")
        ->type_name("BYTES")
        ->group(group);
    app.add_option("--think", request.think,
                   "Between an answer and the connection's next request, closed loop (none)")
        ->type_name("TIME|exponential:TIME|...")
        ->group(group);
    app.add_option("--drip", request.drip, "Send the request in pieces: so many bytes, so often")
        ->type_name("BYTES:TIME")
        ->group(group);
    app.add_option("--slow-read", request.slow_read,
                   "Between two reads of an answer, of 16 KiB at most; see --receive-buffer")
        ->type_name("TIME")
        ->group(group);
    constexpr const char* answers = "What the answers have to be";
    app.add_option("--expect-status", request.expect_status, "This status (200 to 399)")
        ->type_name("N")
        ->group(answers);
    app.add_option("--expect-length", request.expect_length, "A body of so many bytes")
        ->type_name("BYTES")
        ->group(answers);
    app.add_option("--expect-body", request.expect_body,
                   "pattern: as ringway-origin makes them; same: as the first one; a hash: as "
                   "`xxh64sum` prints it (any)")
        ->type_name("any|pattern|same|xxh64:HASH")
        ->group(answers);
    app.add_option("--expect-backend-header", request.expect_backend_header,
                   "This header, which names the backend; answers are counted by what it says")
        ->type_name("NAME")
        ->group(answers);
}

void add_loop(CLI::App& app, LoadWords& words) {
    constexpr const char* group = "How it is asked";
    app.add_option("-c,--connections", words.connections, "Connections (10)")
        ->type_name("N")
        ->group(group);
    app.add_option("-t,--threads", words.threads,
                   "Threads, each with a ring and descriptors of its own (as few as will do)")
        ->type_name("N")
        ->group(group);
    app.add_option("-d,--duration", words.duration, "Of the measurement (10s)")
        ->type_name("TIME")
        ->group(group);
    app.add_option("--warmup", words.warm_up, "Load before that, which is not counted (0)")
        ->type_name("TIME")
        ->group(group);
    app.add_option("-R,--rate", words.rate, "Open loop: so many requests, whatever the answers do")
        ->type_name("N/s")
        ->group(group);
    app.add_option("--arrivals", words.arrivals, "How the open loop spaces them (even)")
        ->type_name("even|poisson")
        ->group(group);
    app.add_flag("--close", words.closes, "A connection per request")->group(group);
    app.add_flag("--websocket", words.websocket,
                 "Ask for a WebSocket; a request is a message of --body bytes that comes back")
        ->group(group);
    app.add_option("--number", words.number,
                   "Number requests from here on, in X-Request-Number: was any executed twice?")
        ->type_name("FIRST")
        ->group(group);
    app.add_option("--active", words.active,
                   "The share of connections that asks; the others are asked once and held (1)")
        ->type_name("SHARE")
        ->group(group);
    app.add_option("--sources", words.sources,
                   "Where connections come from, in turns; a number: 127.0.0.1 and those behind it")
        ->type_name("N|FIRST-LAST|A,B")
        ->group(group);
    app.add_option("--receive-buffer", words.receive_buffer, "Of each socket (the kernel's)")
        ->type_name("BYTES")
        ->group(group);
    app.add_option("--timeout", words.timeout, "For a connection, or for an answer (10s)")
        ->type_name("TIME")
        ->group(group);
    app.add_option("--ramp", words.ramp_max, "For all connections, before it begins anyway (60s)")
        ->type_name("TIME")
        ->group(group);
    app.add_option("--grace", words.grace, "For what is on its way at the end (2s)")
        ->type_name("TIME")
        ->group(group);
    app.add_option("--seed", words.seed, "Of all that is left to chance (1)")
        ->type_name("N")
        ->group(group);
}

std::unexpected<int> refused(std::string_view why) {
    fmt::print(stderr, "ringway-load: {} (see --help)\n", why);
    return std::unexpected(2);
}

// Of the command line alone.
struct Said {
    LoadWords words = {};
    RequestWords request = {};
    std::string scenario = {};
};

// What is not said keeps what `said` has.
std::expected<void, int> parse(int argc, char** argv, Said& said) {
    CLI::App app{summary, "ringway-load"};
    app.footer(footer);
    app.add_option("url", said.words.url, "http://HOST:PORT/PATH");
    app.add_option("--scenario", said.scenario,
                   "All of this in a TOML file, with several kinds of requests; what the command "
                   "line says goes before it")
        ->type_name("FILE");
    add_request(app, said.request);
    add_loop(app, said.words);
    app.add_option("--json", said.words.json, "Write the result as JSON; - instead of the table")
        ->type_name("FILE");
    app.add_flag("-q,--quiet", said.words.quiet, "No progress on the terminal");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help arrives as an exception too; it is no error.
        if (error.get_exit_code() == 0) return std::unexpected(app.exit(error));
        return refused(error.what());
    }
    return {};
}

}  // namespace

std::expected<LoadOptions, int> read_load_command_line(int argc, char** argv) {
    Said said;
    if (const auto parsed = parse(argc, argv, said); !parsed)
        return std::unexpected(parsed.error());
    if (!said.scenario.empty()) {
        auto words = read_load_scenario(said.scenario);
        if (!words) return refused(words.error());
        const bool asks_itself = said.request != RequestWords{};
        if (asks_itself && !words->requests.empty()) {
            return refused("what is asked stands in the scenario, or on the command line");
        }
        said = {.words = std::move(*words)};
        if (const auto again = parse(argc, argv, said); !again)
            return std::unexpected(again.error());
    }
    if (said.words.requests.empty()) said.words.requests.push_back(said.request);
    auto options = understand(said.words);
    if (!options) return refused(options.error());
    return std::move(*options);
}

}  // namespace ringway::loadtest
