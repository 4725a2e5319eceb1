#include "shards/cli/command_line.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "config/nearest.h"
#include "shards/cli/check.h"
#include "shards/cli/doctor.h"
#include "shards/cli/route.h"
#include "shards/cli/run_verb.h"
#include "shards/cli/version.h"

namespace ringway::shards::cli {
namespace {

constexpr const char* summary =
    "ringway: an HTTP load balancer and edge proxy on io_uring, one shard per CPU.";

constexpr const char* footer = R"(Examples:
  ringway run -c ringway.toml             serve until SIGTERM
  ringway check ringway.toml --explain    what every setting is, and where it comes from
  ringway doctor ringway.toml             what this machine lacks for it, and the cure
  ringway route --pick ringway.toml web   which backend of a group is picked, and why

A file that works:
  [[listen]]
  address = "0.0.0.0:8080"

  [[group]]
  name = "web"
  backends = ["10.0.0.1:8080", "10.0.0.2:8080"]

Exit status:
  0  done
  1  it could not be done, or something it needs is lacking
  2  the command line or the configuration is wrong

`ringway VERB --help` has the options of a verb; ringway.toml(5) has every setting.)";

constexpr const char* check_footer = R"(Examples:
  ringway check ringway.toml              every error of the file, one line each
  ringway check ringway.toml --explain    what every setting is, and where it comes from
  ringway check --keys                    every key there is, tab-separated

Exit status: 0 the file is correct, 2 it is not.)";

constexpr const char* run_footer = R"(On SIGTERM or SIGINT no new connections are taken, and
exchanges under way may finish within shutdown.timeout. A second signal ends at once.

Exit status: 0 every exchange was finished, 1 it could not start or had to cut
exchanges short, 2 the configuration is wrong.)";

constexpr const char* doctor_footer =
    R"(Each line begins with ok, with hint where it would be better otherwise, or with
lack where it keeps ringway from running or from what the configuration promises.

Exit status: 0 nothing lacks, 1 something does, 2 the configuration is wrong.)";

constexpr const char* route_footer = R"(Examples:
  ringway route --pick ringway.toml web                  who gets which share
  ringway route --pick ringway.toml web session-4711     where requests with this key go
  ringway route --pick ringway.toml web --down 10.0.0.1:8080 session-4711
                                                         and where if that backend were down

Offline: nothing is in flight, and every backend is up that is not said to be down.
The key is text, as the request would have it; for the client it is an IP address. A
group whose key has several parts takes a word for each, in their order.
The columns: weight as configured and in force; requests in flight from here (own) and
from the other shards; what the algorithm compares (score, the least is picked).

Exit status: 0 told, 2 the configuration or what was asked is wrong.)";

void add_check(CLI::App& app, CheckOptions& options, Answer& answer) {
    CLI::App* verb = app.add_subcommand("check", "Say everything that is wrong with a file");
    verb->footer(check_footer);
    auto* file =
        verb->add_option("FILE", options.file, "The configuration, as for `run`")->type_name("");
    verb->add_flag("--explain", options.explain,
                   "Print the effective value of every setting, and its line or \"default\"");
    auto* keys = verb->add_option("--keys", options.keys,
                                  "Print every key there is: tsv, man or markdown; no FILE needed");
    keys->expected(0, 1)->type_name("FORMAT");
    verb->callback([&options, &answer, file, keys] {
        if (keys->count() > 0 && options.keys.empty()) options.keys = "tsv";
        if (file->count() + keys->count() == 0) throw CLI::RequiredError("FILE");
        answer = check(options);
    });
}

void add_run(CLI::App& app, std::string& file, Answer& answer) {
    CLI::App* verb = app.add_subcommand("run", "Serve until SIGTERM or SIGINT");
    verb->footer(run_footer);
    verb->add_option("-c,--config", file, "The configuration")->required()->type_name("FILE");
    verb->callback([&file, &answer] { answer = run_verb(file); });
}

void add_doctor(CLI::App& app, DoctorOptions& options, Answer& answer) {
    CLI::App* verb = app.add_subcommand("doctor", "Say what this machine lacks, and the cure");
    verb->footer(doctor_footer);
    verb->add_option("FILE", options.file, "Judge for this configuration, not for the defaults")
        ->type_name("");
    verb->callback([&options, &answer] { answer = doctor(options); });
}

void add_route(CLI::App& app, RouteOptions& options, Answer& answer) {
    CLI::App* verb = app.add_subcommand("route", "Say which backend is picked, and why");
    verb->footer(route_footer);
    verb->add_flag("--pick")->required()->description(
        "Which backend of a group; the one question so far");
    verb->add_option("FILE", options.file, "The configuration, as for `run`")
        ->required()
        ->type_name("");
    verb->add_option("GROUP", options.group, "The name of the group")->required()->type_name("");
    verb->add_option("KEY", options.key, "What is hashed, where the group's algorithm does")
        ->type_name("");
    verb->add_option("--down", options.down, "As if this backend were down; may be repeated")
        ->type_name("ADDRESS")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->callback([&options, &answer] { answer = route_pick(options); });
}

// CLI11 would say of a mistyped verb only that a verb is missing.
std::string unknown_verb(const CLI::App& app, int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "-";
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
    const std::vector<std::string_view> verbs(names.begin(), names.end());
    if (word.starts_with('-') || std::ranges::find(verbs, word) != verbs.end()) return "";
    const std::string_view meant = config::nearest(word, verbs);
    return meant.empty()
               ? fmt::format("unknown verb '{}'; known are {}", word, fmt::join(verbs, ", "))
               : fmt::format("unknown verb '{}'; did you mean '{}'?", word, meant);
}

int print(const Answer& answer) {
    std::fwrite(answer.out.data(), 1, answer.out.size(), stdout);
    std::fflush(stdout);
    std::fwrite(answer.err.data(), 1, answer.err.size(), stderr);
    return static_cast<int>(answer.exit);
}

Answer refused(std::string_view why) {
    return {.exit = Exit::refused, .err = fmt::format("ringway: {} (see --help)\n", why)};
}

// Help and --version arrive as exceptions too; they are no errors.
int ended_early(const CLI::App& app, const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : print(refused(error.what()));
}

}  // namespace

int command_line(int argc, char** argv) {
    CLI::App app{summary, "ringway"};
    app.footer(footer);
    app.set_version_flag("--version", std::string(version_text()));
    app.require_subcommand(1);
    Answer answer;
    CheckOptions check_options;
    std::string run_file;
    add_run(app, run_file, answer);
    add_check(app, check_options, answer);
    DoctorOptions doctor_options;
    add_doctor(app, doctor_options, answer);
    RouteOptions route_options;
    add_route(app, route_options, answer);
    if (const std::string unknown = unknown_verb(app, argc, argv); !unknown.empty()) {
        return print(refused(unknown));
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return ended_early(app, error);
    }
    return print(answer);
}

}  // namespace ringway::shards::cli
