// ringway-study: the grid of the balancing study, cell by cell, as CSV on standard output. What a
// cell must keep is judged here and printed in its last column, so that a miss is not averaged
// away.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/study_cell.h"
#include "loadtest/study_fleet.h"
#include "loadtest/study_policy.h"

namespace {

using namespace ringway::loadtest;
using ringway::core::Duration;

struct Grid {
    std::vector<double> means_ms{1, 10, 100};
    std::vector<std::uint32_t> slots{1, 8};
    std::vector<std::uint32_t> shards{1, 2, 8, 32};
    std::vector<std::string> services{"exponential", "pareto"};
    double interval_ms = 1;
    bool are_aligned = false;
    std::uint64_t requests = 200'000;
    std::uint64_t seeds = 2;
};

Duration milliseconds(double ms) {
    return Duration{static_cast<std::int64_t>(ms * 1e6)};
}

// What the issue asks of a cell; each promise that is not kept, by name.
std::string misses(const Cell& cell, const std::map<std::string_view, Outcome>& outcomes) {
    const Outcome& ours = outcomes.at("ringway");
    const Outcome& siloed = outcomes.at("siloed");
    double p99 = siloed.p99;
    double wait = siloed.wait;
    for (const std::string_view other : {"snapshot_minimum", "two_choices"}) {
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

bool run(const Cell& cell) {
    std::map<std::string_view, Outcome> outcomes;
    for (const std::string_view policy : grid_policies()) outcomes[policy] = run_cell(cell, policy);
    const std::string verdict = misses(cell, outcomes);
    for (const std::string_view policy : grid_policies()) {
        const Outcome& outcome = outcomes[policy];
        fmt::print("{},{},{},{},{},{},{:.4f},{:.4f},{:.4f},{:.5f},{:.4f},{}\n",
                   static_cast<double>(cell.mean.count()) / 1e6, cell.slots, cell.shards,
                   name_of(cell.service), static_cast<double>(cell.interval.count()) / 1e6, policy,
                   outcome.p50, outcome.p99, outcome.p999, outcome.wait, outcome.imbalance,
                   policy == "ringway" ? verdict : "");
    }
    std::fflush(stdout);
    return verdict == "kept";
}

// Every combination, the last list turning fastest.
std::vector<Cell> cells(const Grid& grid) {
    std::vector<Cell> all{{.interval = milliseconds(grid.interval_ms),
                           .are_aligned = grid.are_aligned,
                           .requests = grid.requests,
                           .seeds = grid.seeds}};
    const auto multiply = [&all](const auto& values, auto set) {
        std::vector<Cell> more;
        for (const Cell& cell : all) {
            for (const auto& value : values) set(more.emplace_back(cell), value);
        }
        all = std::move(more);
    };
    multiply(grid.means_ms, [](Cell& cell, double ms) { cell.mean = milliseconds(ms); });
    multiply(grid.slots, [](Cell& cell, std::uint32_t slots) { cell.slots = slots; });
    multiply(grid.shards, [](Cell& cell, std::uint32_t shards) { cell.shards = shards; });
    multiply(grid.services, [](Cell& cell, const std::string& service) {
        cell.service = service == "pareto" ? Service::pareto : Service::exponential;
    });
    return all;
}

// How many cells missed.
int run(const Grid& grid) {
    fmt::print(
        "mean_ms,slots,shards,service,interval_ms,policy,p50,p99,p999,wait,imbalance,verdict\n");
    int missed = 0;
    for (const Cell& cell : cells(grid)) missed += run(cell) ? 0 : 1;
    return missed;
}

}  // namespace

int main(int argc, char** argv) {
    Grid grid;
    CLI::App app{"Least connections across shards, simulated: the same arrivals for every policy."};
    app.add_option("--mean", grid.means_ms, "mean service times, ms")->delimiter(',');
    app.add_option("--slots", grid.slots, "requests a backend serves at once")->delimiter(',');
    app.add_option("--shards", grid.shards)->delimiter(',');
    app.add_option("--service", grid.services, "exponential, pareto")->delimiter(',');
    app.add_option("--interval", grid.interval_ms, "between snapshots, ms");
    app.add_flag("--aligned", grid.are_aligned, "all shards publish at the same moment");
    app.add_option("--requests", grid.requests, "per cell, policy and seed");
    app.add_option("--seeds", grid.seeds);
    CLI11_PARSE(app, argc, argv);
    const int missed = run(grid);
    fmt::print(stderr, "{} cells missed\n", missed);
    return missed == 0 ? 0 : 1;
}
