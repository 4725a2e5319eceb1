#include "tests/sim/fleet_sim.h"

#include <gtest/gtest.h>

namespace ringway::sim {
namespace {

// The first seeds of a weather.
std::vector<std::uint64_t> seeds_of(Weather weather, std::size_t count) {
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t seed = 1; seeds.size() < count; seed++) {
        if (run_fleet_sim({.seed = seed, .exchanges = 1}).weather == weather) seeds.push_back(seed);
    }
    return seeds;
}

std::string first_violation(const FleetSimReport& report) {
    if (report.violations.empty()) return "";
    return std::string(name_of(report.violations[0].invariant)) + ": " + report.violations[0].what;
}

TEST(FleetSim, DoesTheSameTwiceAndSomethingElseWithAnotherSeed) {
    for (std::uint64_t seed = 100; seed < 110; seed++) {
        const FleetSimReport first = run_fleet_sim({.seed = seed, .exchanges = 200});
        const FleetSimReport again = run_fleet_sim({.seed = seed, .exchanges = 200});
        const FleetSimReport other = run_fleet_sim({.seed = seed + 1'000, .exchanges = 200});
        EXPECT_EQ(first.trace_hash, again.trace_hash);
        EXPECT_EQ(first.events, again.events);
        EXPECT_EQ(first.ended, again.ended);
        EXPECT_NE(first.trace_hash, other.trace_hash);
    }
}

TEST(FleetSim, AnswersEveryExchangeInCalmWeather) {
    for (const std::uint64_t seed : seeds_of(Weather::calm, 5)) {
        const FleetSimReport report = run_fleet_sim({.seed = seed, .exchanges = 300});
        EXPECT_EQ(first_violation(report), "") << seed;
        EXPECT_EQ(report.ended[static_cast<std::size_t>(SimLedger::End::whole)], 300U) << seed;
    }
}

TEST(FleetSim, AnswersEveryExchangeWhateverTheEngineDoes) {
    for (const std::uint64_t seed : seeds_of(Weather::engine, 10)) {
        const FleetSimReport report = run_fleet_sim({.seed = seed, .exchanges = 300});
        EXPECT_EQ(first_violation(report), "") << seed;
        if (report.was_drained) continue;
        EXPECT_EQ(report.ended[static_cast<std::size_t>(SimLedger::End::whole)], 300U) << seed;
    }
}

TEST(FleetSim, BreaksNoInvariantInAStorm) {
    for (const std::uint64_t seed : seeds_of(Weather::storm, 20)) {
        EXPECT_EQ(first_violation(run_fleet_sim({.seed = seed, .exchanges = 300})), "") << seed;
    }
}

// What would otherwise be the simulation's mistakes shows without anything of ours between.
TEST(FleetSim, HasClientsAndBackendsThatAgreeWithoutAProxy) {
    for (std::uint64_t seed = 1; seed <= 60; seed++) {
        const FleetSimReport report =
            run_fleet_sim({.seed = seed, .exchanges = 200, .has_proxy = false});
        EXPECT_EQ(first_violation(report), "") << seed;
        EXPECT_EQ(report.exchanges, 200U);
    }
}

}  // namespace
}  // namespace ringway::sim
