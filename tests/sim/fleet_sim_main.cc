// build/fleet_sim --seeds N --base HEX [--seed HEX] [--exchanges N] [--once] [--direct] [--tell]
// [--verbose]
//
// Plays N runs whose seeds follow from the base, each twice, and fails on the first run that
// breaks an invariant or does not repeat; it prints the seed and the command to repeat it. At the
// end every kind of fault must have struck. --seed plays one run; --tell prints it;
// --once leaves out the second run; --direct leaves out the proxy, to test the simulation itself.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

#include "tests/sim/fleet_sim.h"

namespace {

using namespace ringway::sim;

struct Arguments {
    std::uint64_t base = 1;
    std::uint64_t seed = 0;
    bool has_seed = false;
    bool verbose = false;
    bool direct = false;
    bool once = false;
    bool tells = false;
    std::uint32_t seeds = 100;
    std::uint32_t exchanges = 500;
};

struct Totals {
    std::uint64_t runs = 0;
    std::uint64_t exchanges = 0;
    std::uint64_t events = 0;
    std::uint64_t completions = 0;
    std::array<std::uint64_t, 3> weather{};
    std::array<std::uint64_t, 5> ended{};
    std::array<std::uint64_t, 600> own_errors{};
    std::array<std::uint64_t, fault_kinds> faults{};
};

// For whoever dies of a CHECK: which run it was.
char verdict[192] = "";

void on_signal(int number) {
    static_cast<void>(!write(STDERR_FILENO, verdict, std::strlen(verdict)));
    std::signal(number, SIG_DFL);
    std::raise(number);
}

template <class Number>
bool parse(const char* text, Number& number, int base) {
    if (text == nullptr) return false;
    if (base == 16 && std::strncmp(text, "0x", 2) == 0) text += 2;
    const char* end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number, base);
    return error == std::errc{} && stop == end;
}

bool* flag_of(Arguments& arguments, std::string_view name) {
    if (name == "--verbose") return &arguments.verbose;
    if (name == "--direct") return &arguments.direct;
    if (name == "--tell") return &arguments.tells;
    if (name == "--once") return &arguments.once;
    return nullptr;
}

bool parse_arguments(int count, char** values, Arguments& arguments) {
    for (int i = 1; i < count; i++) {
        const std::string_view name = values[i];
        const char* value = i + 1 < count ? values[i + 1] : nullptr;
        if (bool* flag = flag_of(arguments, name); flag != nullptr) {
            *flag = true;
            continue;
        }
        const bool good = name == "--seeds"       ? parse(value, arguments.seeds, 10)
                          : name == "--base"      ? parse(value, arguments.base, 16)
                          : name == "--exchanges" ? parse(value, arguments.exchanges, 10)
                          : name == "--seed"      ? parse(value, arguments.seed, 16)
                                                  : false;
        if (!good) return false;
        arguments.has_seed = arguments.has_seed || name == "--seed";
        i++;
    }
    return arguments.exchanges > 0;
}

void add(Totals& totals, const FleetSimReport& report) {
    totals.runs++;
    totals.exchanges += report.exchanges;
    totals.events += report.events;
    totals.completions += report.completions;
    totals.weather[static_cast<std::size_t>(report.weather)]++;
    for (std::size_t i = 0; i < totals.ended.size(); i++) totals.ended[i] += report.ended[i];
    for (std::size_t i = 0; i < 600; i++) totals.own_errors[i] += report.own_errors[i];
    for (std::size_t i = 0; i < fault_kinds; i++) totals.faults[i] += report.faults[i];
}

void print(const Arguments& arguments, std::uint64_t seed, const FleetSimReport& report) {
    if (!arguments.verbose) return;
    fmt::print(
        "seed {:016x} {:6} {} shards, {:5} exchanges: {} whole, {} own errors, {} cut, {} "
        "abandoned, {:.1f} s simulated, {} events, hash {:016x}\n",
        seed, name_of(report.weather), report.shards, report.exchanges, report.ended[1],
        report.ended[2], report.ended[3], report.ended[4],
        static_cast<double>(report.simulated.count()) / 1e9, report.events, report.trace_hash);
}

// One seed, twice. False when it failed.
bool play(const Arguments& arguments, std::uint64_t seed, Totals& totals) {
    *fmt::format_to_n(
         verdict, sizeof verdict - 1,
         "found in run {}; repeat with: build/fleet_sim --seed {:x} --exchanges {}{}\n",
         totals.runs + 1, seed, arguments.exchanges, arguments.direct ? " --direct" : "")
         .out = '\0';
    const FleetSimOptions options{.seed = seed,
                                  .exchanges = arguments.exchanges,
                                  .has_proxy = !arguments.direct,
                                  .tells = arguments.tells};
    // A run that hangs in one place is ended by the clock.
    alarm(60);
    FleetSimReport report = run_fleet_sim(options);
    if (!arguments.once && report.violations.empty() && !(run_fleet_sim(options) == report)) {
        report.violations.push_back({Invariant::runs_repeat, "the second run went another way"});
    }
    print(arguments, seed, report);
    add(totals, report);
    if (report.violations.empty()) return true;
    for (const SimLedger::Violation& violation : report.violations) {
        fmt::print(stderr, "seed {:x} ({}): {}: {}\n", seed, name_of(report.weather),
                   name_of(violation.invariant), violation.what);
    }
    fmt::print(stderr, "{}", verdict);
    return false;
}

void print_totals(const Arguments& arguments, const Totals& totals, double seconds) {
    fmt::print(
        "{} runs ({} calm, {} engine faults, {} storm), each {}: {} exchanges, {} events, "
        "{} completions, {:.1f} s\n",
        totals.runs, totals.weather[0], totals.weather[1], totals.weather[2],
        arguments.once ? "once" : "twice", totals.exchanges, totals.events, totals.completions,
        seconds);
    fmt::print(
        "exchanges: {} whole, {} answered with an error of ours, {} cut, {} left by the "
        "client\n",
        totals.ended[1], totals.ended[2], totals.ended[3], totals.ended[4]);
    for (std::size_t status = 0; status < 600; status++) {
        if (totals.own_errors[status] == 0) continue;
        fmt::print("    {} x {}\n", status, totals.own_errors[status]);
    }
    for (const FaultRow& row : fault_table) {
        fmt::print("    {:24} {:>10}  {}\n", row.name,
                   totals.faults[static_cast<std::size_t>(row.fault)], row.what);
    }
}

// True when every kind struck.
bool check_faults(const Totals& totals) {
    bool all = true;
    for (const FaultRow& row : fault_table) {
        if (totals.faults[static_cast<std::size_t>(row.fault)] != 0) continue;
        fmt::print(stderr, "fault {} never struck\n", row.name);
        all = false;
    }
    return all;
}

}  // namespace

int main(int count, char** values) {
    Arguments arguments;
    if (!parse_arguments(count, values, arguments)) {
        fmt::print(stderr,
                   "usage: fleet_sim [--seeds N] [--base HEX] [--seed HEX] "
                   "[--exchanges N] [--once] [--direct] [--tell] [--verbose]\n");
        return 2;
    }
    std::signal(SIGABRT, on_signal);
    std::signal(SIGSEGV, on_signal);
    std::signal(SIGALRM, on_signal);
    const auto begin = std::chrono::steady_clock::now();
    Totals totals;
    std::uint64_t next = arguments.base;
    for (std::uint32_t i = 0; i < (arguments.has_seed ? 1 : arguments.seeds); i++) {
        const std::uint64_t drawn = ringway::core::Prng::splitmix(next);
        if (!play(arguments, arguments.has_seed ? arguments.seed : drawn, totals)) return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    print_totals(arguments, totals, took.count());
    // A handful of runs need not meet everything.
    if (totals.runs >= 200 && !arguments.direct && !check_faults(totals)) return 1;
    return 0;
}
