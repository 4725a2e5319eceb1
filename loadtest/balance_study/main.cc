// ringway-study: the balancing study, cell by cell and policy by policy, as CSV on standard output.
// Where the five policies of the grid are all there, each cell is held to what it must keep, and
// the verdict stands in the last column, so that a miss is not averaged away.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/balance_study/cell.h"
#include "loadtest/balance_study/fleet.h"
#include "loadtest/balance_study/policy.h"
#include "loadtest/option.h"

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

constexpr std::array grid_options{
    option<&Grid::means_ms>({"mean", "MS,...", "Mean service times (1,10,100)"}),
    option<&Grid::slots>({"slots", "N,...", "Requests a backend serves at once (1,8)"}),
    option<&Grid::shards>({"shards", "N,...", "Shards (1,2,8,32)"}),
    option<&Grid::services>({"service", "NAME,...", "exponential, pareto (both)"}),
    option<&Grid::workloads>(
        {"workload", "NAME,...",
         "uniform, heavy_tailed, one_slow, flapping, bursty, uneven (uniform)"}),
    option<&Grid::policies>(
        {"policy", "NAME,...", "Of the grid, or balance's algorithms (those of the grid)"}),
    option<&Grid::intervals_ms>({"interval", "MS,...", "Between snapshots (1)"}),
    option<&Grid::rest, &Cell::are_aligned>(
        {"aligned", "", "All shards publish at the same moment"}),
    option<&Grid::rest, &Cell::load>({"load", "SHARE", "Of the fleet's capacity"}),
    option<&Grid::rest, &Cell::backends>({"backends", "N", "In the fleet"}),
    option<&Grid::rest, &Cell::requests>({"requests", "N", "Per cell, policy and seed"}),
    option<&Grid::rest, &Cell::seeds>({"seeds", "N", "Each cell is run with so many"}),
};

// An empty text, or the name that nothing has.
std::string unknown_name(const Grid& grid) {
    const Cell cell;
    const std::vector<float> weights{1};
    for (const std::string& name : grid.policies) {
        if (!make_policy(name, {cell, weights, 1})) return "there is no policy " + name;
    }
    for (const std::string& name : grid.workloads) {
        if (!workload_named(name)) return "there is no workload " + name;
    }
    for (const std::string& name : grid.services) {
        if (!service_named(name)) return name + ": exponential or pareto";
    }
    return "";
}

// Or the status to exit with.
std::expected<Grid, int> read_grid(int argc, char** argv) {
    const Program study{
        .name = "ringway-study",
        .summary = "balancing across shards, simulated: the same arrivals for every policy.",
        .footer = "A cell for every combination. Exit status: 0 none missed what it must keep.",
        .groups = {option_group("The grid", grid_options)}};
    const auto all = read_command_line(study, argc, argv);
    if (!all) return std::unexpected(all.error());
    Grid grid;
    std::string why = take_each(*all, [&grid](const Said& said) {
        return find_option(grid_options, said.name)->try_set(said.value, grid);
    });
    if (why.empty()) why = unknown_name(grid);
    if (!why.empty()) return refuse(study, why);
    return grid;
}

}  // namespace

int main(int argc, char** argv) {
    const auto grid = read_grid(argc, argv);
    if (!grid) return grid.error();
    const int missed = run(*grid);
    fmt::print(stderr, "{} cells missed\n", missed);
    return missed == 0 ? 0 : 1;
}
