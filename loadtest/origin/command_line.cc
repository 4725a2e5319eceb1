#include "loadtest/origin/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "loadtest/origin/scenario.h"

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
  curl 127.0.0.1:9999/counts               what every backend counted
  curl 127.0.0.1:9999/backends             the same, and how each is set
  curl 127.0.0.1:9999/numbers/17           how often x-request-number: 17 was executed
  curl -d '' '127.0.0.1:9999/backends/3?delay=10ms&error_rate=0.1'
  curl -d '' '127.0.0.1:9999/backends/2?health=down'          /healthz says 503
  curl -d '' '127.0.0.1:9999/backends/1?fault=reset&fault_bytes=20&fault_rate=0.5'
  curl -d '' '127.0.0.1:9999/backends/0?up=no'                as if it had died
  curl -d '' '127.0.0.1:9999/backends/0/kill'                 it dies (--processes); /start

Backends are counted from 0. SIGUSR1 prints counts and settings as JSON.
Exit status: 0 ended by SIGTERM or SIGINT, 1 it could not start, 2 it was asked for wrongly.)";

// Of the command line alone.
struct Extra {
    std::string scenario;
    std::string child;
};

void add_settings(CLI::App& app, OriginWords& words) {
    constexpr const char* group = "How the backends behave";
    for (const Setting& setting : settings_table()) {
        std::string flag = fmt::format("--{}", setting.name);
        std::ranges::replace(flag, '_', '-');
        const auto take = [&words, name = setting.name](const std::string& value) {
            words.settings.push_back(fmt::format("{}={}", name, value));
        };
        app.add_option_function<std::string>(flag, take, std::string{setting.help})
            ->type_name(std::string{setting.form})
            ->group(group);
    }
    app.add_option("--backend", words.for_one, "Such settings for one of them; may be repeated")
        ->type_name("N:NAME=VALUE,...")
        ->group(group)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_options(CLI::App& app, OriginWords& words, Extra& extra) {
    app.add_option("--listen", words.listen,
                   "The first backend (127.0.0.1:9000); the others have the ports behind it")
        ->type_name("ADDRESS:PORT");
    app.add_option("--backends", words.backends, "How many there are (1)")->type_name("N");
    app.add_option("--control,--stats", words.control, "Where counts and settings are to be had")
        ->type_name("ADDRESS:PORT");
    app.add_option("--scenario", extra.scenario,
                   "All of this out of a TOML file; what stands on the command line holds")
        ->type_name("FILE");
    app.add_option("--seed", words.seed, "Of all that is left to chance (1)")->type_name("N");
    app.add_option("--log-bytes", words.log_bytes, "Append every byte that backends receive")
        ->type_name("FILE");
    app.add_flag("--processes", words.processes, "Each backend is a process of its own");
    app.add_flag("--json", words.json, "Print counts and settings as JSON at the end");
    app.add_option("--child", extra.child)->group("");
    add_settings(app, words);
}

// What the file says first, then what the command line does.
std::expected<OriginWords, std::string> joined(const OriginWords& said, const std::string& file) {
    if (file.empty()) return said;
    std::expected<OriginWords, std::string> words = read_scenario(file);
    if (!words) return words;
    if (!said.listen.empty()) words->listen = said.listen;
    if (!said.control.empty()) words->control = said.control;
    if (!said.log_bytes.empty()) words->log_bytes = said.log_bytes;
    if (said.backends != 0) words->backends = said.backends;
    if (said.seed) words->seed = said.seed;
    words->json |= said.json;
    words->processes |= said.processes;
    words->settings.insert(words->settings.end(), said.settings.begin(), said.settings.end());
    words->for_one.insert(words->for_one.end(), said.for_one.begin(), said.for_one.end());
    return words;
}

std::unexpected<int> refused(std::string_view why) {
    fmt::print(stderr, "ringway-origin: {} (see --help)\n", why);
    return std::unexpected(2);
}

}  // namespace

std::expected<OriginCommand, int> read_command_line(int argc, char** argv) {
    OriginWords said;
    Extra extra;
    CLI::App app{summary, "ringway-origin"};
    app.footer(footer);
    add_options(app, said, extra);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help arrives as an exception too; it is no error.
        if (error.get_exit_code() == 0) return std::unexpected(app.exit(error));
        return refused(error.what());
    }
    const auto words = joined(said, extra.scenario);
    if (!words) return refused(words.error());
    auto options = understand(*words);
    if (!options) return refused(options.error());
    OriginCommand command{.options = std::move(*options)};
    if (!extra.child.empty()) command.child = OriginChild::parse(extra.child);
    return command;
}

}  // namespace ringway::loadtest
