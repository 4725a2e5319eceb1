// ringway-study: the balancing study, cell by cell and policy by policy, as CSV on standard output.
// Where the five policies of the grid are all there, each cell is held to what it must keep, and
// the verdict stands in the last column, so that a miss is not averaged away.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/balance_study/cell.h"
#include "loadtest/balance_study/fleet.h"
#include "loadtest/balance_study/policy.h"

namespace {

using namespace ringway::loadtest;
using ringway::core::Duration;

struct Grid {
    std::vector<double> means_ms{1, 10, 100};
    std::vector<std::uint32_t> slots{1, 8};
    std::vector<std::uint32_t> shards{1, 2, 8, 32};
    std::vector<std::string> services{"exponential", "pareto"};
    std::vector<std::string> workloads{"uniform"};
    std::vector<double> intervals_ms{1};
    std::vector<std::string> policies{grid_policies().begin(), grid_policies().end()};
    Cell rest{};  // What is the same in all cells.
};

using Outcomes = std::map<std::string, Outcome, std::less<>>;

// What the grid asks of a cell; each promise that is not kept, by name.
std::string misses(const Cell& cell, const Outcomes& outcomes) {
    const Outcome& ours = outcomes.at("ringway");
    const Outcome& siloed = outcomes.at("siloed");
    double p99 = siloed.p99;
    double wait = siloed.wait;
    for (const char* other : {"snapshot_minimum", "two_choices"}) {
        p99 = std::min(p99, outcomes.at(other).p99);
        wait = std::min(wait, outcomes.at(other).wait);
    }
    std::string missed;
    if (ours.p99 > 1.10 * p99) missed += " p99>1.10*best";
    if (ours.wait > 1.10 * wait) missed += " wait>1.10*best";
    if (ours.p99 > 1.02 * siloed.p99) missed += " p99>1.02*siloed";
    if (ours.wait > 1.02 * siloed.wait) missed += " wait>1.02*siloed";
    const bool is_fresh = cell.mean >= 10 * cell.interval;
    if (is_fresh && ours.p99 > 1.10 * outcomes.at("exact").p99) missed += " p99>1.10*exact";
    return missed.empty() ? "kept" : missed.substr(1);
}

double milliseconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1e6;
}
Duration milliseconds(double ms) {
    return Duration{static_cast<std::int64_t>(ms * 1e6)};
}

bool run(const Cell& cell, const std::vector<std::string>& policies) {
    Outcomes outcomes;
    for (const std::string& policy : policies) outcomes[policy] = run_cell(cell, policy);
    const bool is_judged = std::ranges::all_of(
        grid_policies(), [&](std::string_view policy) { return outcomes.contains(policy); });
    const std::string verdict = is_judged ? misses(cell, outcomes) : "";
    for (const std::string& policy : policies) {
        const Outcome& outcome = outcomes[policy];
        fmt::print("{},{},{},{},{},{},{},", milliseconds(cell.mean), cell.slots, cell.shards,
                   name_of(cell.service), name_of(cell.workload), milliseconds(cell.interval),
                   policy);
        fmt::print("{:.4f},{:.4f},{:.4f},{:.5f},{:.4f},{}\n", outcome.p50, outcome.p99,
                   outcome.p999, outcome.wait, outcome.imbalance,
                   policy == "ringway" ? verdict : "");
    }
    std::fflush(stdout);
    return !is_judged || verdict == "kept";
}

// Every combination, the last list turning fastest.
std::vector<Cell> cells(const Grid& grid) {
    std::vector<Cell> all{grid.rest};
    const auto multiply = [&all](const auto& values, auto set) {
        std::vector<Cell> more;
        for (const Cell& cell : all) {
            for (const auto& value : values) set(more.emplace_back(cell), value);
        }
        all = std::move(more);
    };
    multiply(grid.workloads, [](Cell& cell, const std::string& name) {
        cell.workload = workload_named(name).value();
    });
    multiply(grid.intervals_ms, [](Cell& cell, double ms) { cell.interval = milliseconds(ms); });
    multiply(grid.means_ms, [](Cell& cell, double ms) { cell.mean = milliseconds(ms); });
    multiply(grid.slots, [](Cell& cell, std::uint32_t slots) { cell.slots = slots; });
    multiply(grid.shards, [](Cell& cell, std::uint32_t shards) { cell.shards = shards; });
    multiply(grid.services, [](Cell& cell, const std::string& name) {
        cell.service = service_named(name).value();
    });
    return all;
}

// How many cells missed.
int run(const Grid& grid) {
    fmt::print("mean_ms,slots,shards,service,workload,interval_ms,policy,");
    fmt::print("p50,p99,p999,wait,imbalance,verdict\n");
    int missed = 0;
    for (const Cell& cell : cells(grid)) missed += run(cell, grid.policies) ? 0 : 1;
    return missed;
}

std::string known_policy(const std::string& name) {
    const Cell cell;
    const std::vector<float> weights{1};
    return make_policy(name, {cell, weights, 1}) ? "" : name + ": no such policy";
}
std::string known_workload(const std::string& name) {
    return workload_named(name) ? "" : name + ": no such workload";
}
std::string known_service(const std::string& name) {
    return service_named(name) ? "" : name + ": exponential or pareto";
}

}  // namespace

int main(int argc, char** argv) {
    Grid grid;
    CLI::App app{"Balancing across shards, simulated: the same arrivals for every policy."};
    app.add_option("--mean", grid.means_ms, "mean service times, ms")->delimiter(',');
    app.add_option("--slots", grid.slots, "requests a backend serves at once")->delimiter(',');
    app.add_option("--shards", grid.shards)->delimiter(',');
    app.add_option("--service", grid.services, "exponential, pareto")
        ->delimiter(',')
        ->check(known_service);
    app.add_option("--workload", grid.workloads,
                   "uniform, heavy_tailed, one_slow, flapping, bursty, uneven")
        ->delimiter(',')
        ->check(known_workload);
    app.add_option("--policy", grid.policies, "of the grid, or balance's algorithms")
        ->delimiter(',')
        ->check(known_policy);
    app.add_option("--interval", grid.intervals_ms, "between snapshots, ms")->delimiter(',');
    app.add_flag("--aligned", grid.rest.are_aligned, "all shards publish at the same moment");
    app.add_option("--load", grid.rest.load, "of the fleet's capacity");
    app.add_option("--backends", grid.rest.backends);
    app.add_option("--requests", grid.rest.requests, "per cell, policy and seed");
    app.add_option("--seeds", grid.rest.seeds);
    CLI11_PARSE(app, argc, argv);
    const int missed = run(grid);
    fmt::print(stderr, "{} cells missed\n", missed);
    return missed == 0 ? 0 : 1;
}
