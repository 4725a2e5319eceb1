// One simulated run of the whole machine: clients, a network, N shards and backends in one thread,
// everything drawn from one seed. `run_fleet_sim` plays it to the end and reports what happened;
// fleet_sim_main.cc plays thousands. tests/sim/README.md says how time, faults and seeds work and
// lists the invariants. Nothing in a run depends on anything but its options.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tests/sim/sim_faults.h"
#include "tests/sim/sim_ledger.h"

namespace ringway::sim {

struct FleetSimOptions {
    std::uint64_t seed = 0;
    std::uint32_t exchanges = 500;
    // False: clients talk straight to the backends, to test the simulation itself.
    bool has_proxy = true;
    bool tells = false;  // Prints what happens while it does.
};

// Which faults may strike in a run.
enum class Weather : std::uint8_t {
    calm,    // None.
    engine,  // Those of the engine that excuse nothing: every exchange must get its answer.
    storm,   // Any.
};
std::string_view name_of(Weather weather);

struct FleetSimReport {
    std::uint64_t trace_hash = 0;
    Weather weather = Weather::calm;
    std::uint32_t shards = 0;
    bool was_drained = false;  // One of the shards, while the others went on.
    core::Duration simulated{};
    std::uint64_t events = 0;
    std::uint64_t completions = 0;
    std::uint64_t exchanges = 0;
    std::array<std::uint64_t, 5> ended{};         // By SimLedger::End.
    std::array<std::uint64_t, 600> own_errors{};  // By status.
    std::array<std::uint64_t, fault_kinds> faults{};
    std::vector<SimLedger::Violation> violations;

    bool operator==(const FleetSimReport& other) const { return trace_hash == other.trace_hash; }
};

FleetSimReport run_fleet_sim(const FleetSimOptions& options);

}  // namespace ringway::sim
