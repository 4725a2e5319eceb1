#include "loadtest/origin/command_line.h"

#include "loadtest/origin/option_table.h"
#include "loadtest/origin/scenario.h"

namespace ringway::loadtest {

namespace {

constexpr std::string_view summary =
    "a fleet of mock backends, on consecutive ports, whose behaviour can be set "
    "for each and changed while they run.";

constexpr std::string_view footer = R"(Examples:
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

constexpr OptionText stats_option{"stats", "ADDRESS:PORT", ""};  // Another name of --control.
constexpr OptionText child_option{"child", "CHILD", ""};
constexpr OptionText scenario_option{
    "scenario", "FILE", "All of this out of a TOML file; what stands on the command line holds"};
constexpr OptionText backend_option{"backend", "N:NAME=VALUE,...",
                                    "Such settings for one of them; may be repeated"};

Program program() {
    OptionGroup fleet = option_group("The fleet", fleet_options);
    fleet.options.insert(fleet.options.end(), {scenario_option, stats_option, child_option});
    OptionGroup backends{.title = "How the backends behave"};
    for (const Setting& setting : settings_table()) {
        backends.options.push_back({setting.name, setting.form, setting.help});
    }
    backends.options.push_back(backend_option);
    return {.name = "ringway-origin",
            .summary = summary,
            .footer = footer,
            .groups = {std::move(fleet), std::move(backends)}};
}

// An empty text, or what is wrong.
std::string take(const Said& said, OriginWords& words) {
    if (said.name == scenario_option.name || said.name == child_option.name) return "";
    const std::string_view name = said.name == stats_option.name ? "control" : said.name;
    if (const auto* option = find_option(fleet_options, name)) {
        return option->try_set(said.value, words);
    }
    if (name == backend_option.name) {
        words.for_one.emplace_back(said.value);
    } else {
        words.settings.push_back(fmt::format("{}={}", name, said.value));
    }
    return "";
}

// What the file says first, then what the command line does.
std::expected<OriginWords, std::string> joined(const std::vector<Said>& all) {
    OriginWords words;
    if (const auto file = said_last(all, scenario_option.name)) {
        auto read = read_scenario(std::string{*file});
        if (!read) return read;
        words = std::move(*read);
    }
    const std::string why = take_each(all, [&](const Said& said) { return take(said, words); });
    if (!why.empty()) return std::unexpected(why);
    return words;
}

}  // namespace

std::expected<OriginCommand, int> read_origin_command_line(int argc, char** argv) {
    const Program origin = program();
    const auto all = read_command_line(origin, argc, argv);
    if (!all) return std::unexpected(all.error());
    const auto words = joined(*all);
    if (!words) return refuse(origin, words.error());
    auto options = understand(*words);
    if (!options) return refuse(origin, options.error());
    OriginCommand command{.options = std::move(*options)};
    if (const auto child = said_last(*all, child_option.name)) {
        command.child = OriginChild::parse(*child);
    }
    return command;
}

}  // namespace ringway::loadtest
