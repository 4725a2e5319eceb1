#include "loadtest/origin_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <utility>

#include "loadtest/origin_board.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

constexpr const char* summary =
    "ringway-origin: a fleet of mock backends, on consecutive ports, whose behaviour can be set "
    "for each and changed while they run.";

constexpr const char* footer = R"(Examples:
  ringway-origin --backends 4 --size 130
      four backends on 127.0.0.1:9000 to 9003 that answer 130 bytes
  ringway-origin --backends 4 --delay exponential:5ms --backend 3:delay=200ms,error_rate=0.1
      the last one is slow and answers one in ten with 500
  ringway-origin --backends 4 --slots 8 --queue 16 --delay 10ms
      each works on 8 requests at once, lets 16 wait, and answers the rest with 503
  ringway-origin --listen 127.0.0.1:0 --echo yes
      a port of the kernel's choosing, told on the first line; answers are what was asked
  ringway-origin --backends 4 --control 127.0.0.1:9999 --processes
      each backend is a process of its own, to be killed

With --control 127.0.0.1:9999, while it runs:
  curl 127.0.0.1:9999/counts                               what every backend counted
  curl 127.0.0.1:9999/backends                             the same, and how each is set
  curl -d '' '127.0.0.1:9999/backends/3?delay=10ms&error_rate=0.1'
  curl -d '' '127.0.0.1:9999/backends/2?health=down'       /healthz says 503
  curl -d '' '127.0.0.1:9999/backends/1?fault=reset&fault_bytes=20&fault_rate=0.5'
  curl -d '' '127.0.0.1:9999/backends/0?up=no'             resets its connections, refuses new ones
  curl 127.0.0.1:9999/numbers/17                           how often x-request-number: 17 was executed

Backends are counted from 0. SIGUSR1 prints the counts as JSON.
Exit status: 0 ended by SIGTERM or SIGINT, 1 it could not start, 2 the command line is wrong.)";

// What CLI11 writes into before it is understood.
struct Words {
    std::string listen = "127.0.0.1:9000";
    std::string control;
    std::uint32_t backends = 1;
    std::vector<std::string> settings;  // "name=value", for all.
    std::vector<std::string> for_one;   // "3:name=value,…".
    std::string child;
};

void add_settings(CLI::App& app, Words& words) {
    for (const Setting& setting : settings_table()) {
        std::string flag = fmt::format("--{}", setting.name);
        std::ranges::replace(flag, '_', '-');
        app.add_option_function<std::string>(
               flag,
               [&words, name = setting.name](const std::string& value) {
                   words.settings.push_back(fmt::format("{}={}", name, value));
               },
               std::string{setting.help})
            ->type_name(std::string{setting.form})
            ->group("How the backends behave");
    }
    app.add_option("--backend", words.for_one, "Such settings for one of them; may be repeated")
        ->type_name("N:NAME=VALUE,...")
        ->group("How the backends behave")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_options(CLI::App& app, Words& words, OriginOptions& options) {
    app.add_option("--listen", words.listen, "The first backend; the others have the ports behind")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    app.add_option("--backends", words.backends, "How many there are")
        ->check(CLI::Range(1U, Board::backends_max))
        ->type_name("N");
    app.add_option("--control,--stats", words.control, "Where counts and settings are to be had")
        ->type_name("ADDRESS:PORT");
    app.add_option("--seed", options.seed, "Of all that is left to chance")->capture_default_str();
    app.add_flag("--json", options.json, "Print the counts as JSON at the end");
    app.add_option("--child", words.child)->group("");
    add_settings(app, words);
}

// An empty string, or what is wrong.
std::string read_address(const std::string& text, core::Address& address) {
    const core::Result<core::Address> parsed = core::Address::parse(text);
    if (!parsed) return fmt::format("'{}': {}", text, parsed.error().what);
    address = *parsed;
    return "";
}

std::string set_backends(const Words& words, OriginOptions& options) {
    options.backends.resize(words.backends);
    for (const std::string& word : words.settings) {
        for (Settings& settings : options.backends) {
            if (std::string why = try_set_all(settings, word, '\n'); !why.empty()) return why;
        }
    }
    for (const std::string& word : words.for_one) {
        std::string_view list = word;
        const std::string_view text = take_until(list, ':');
        std::uint32_t number = 0;
        if (!read_quantity(text, number) || number >= options.backends.size()) {
            return fmt::format("--backend {}: there is no backend '{}', they are 0 to {}", word,
                               text, options.backends.size() - 1);
        }
        std::string why = try_set_all(options.backends[number], list, ',');
        if (!why.empty()) return fmt::format("--backend {}: {}", word, why);
    }
    return "";
}

std::string understand(const Words& words, OriginOptions& options) {
    if (std::string why = read_address(words.listen, options.listen); !why.empty()) return why;
    if (!words.control.empty()) {
        core::Address control;
        if (std::string why = read_address(words.control, control); !why.empty()) return why;
        options.control = control;
    }
    return set_backends(words, options);
}

}  // namespace

std::expected<OriginOptions, int> read_command_line(int argc, char** argv) {
    OriginOptions options;
    Words words;
    CLI::App app{summary, "ringway-origin"};
    app.footer(footer);
    add_options(app, words, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help arrives as an exception too; it is no error.
        if (error.get_exit_code() == 0) return std::unexpected(app.exit(error));
        fmt::print(stderr, "ringway-origin: {} (see --help)\n", error.what());
        return std::unexpected(2);
    }
    if (const std::string why = understand(words, options); !why.empty()) {
        fmt::print(stderr, "ringway-origin: {} (see --help)\n", why);
        return std::unexpected(2);
    }
    return options;
}

}  // namespace ringway::loadtest
