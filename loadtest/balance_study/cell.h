// One cell of the balancing study: which fleet, which load, which clock. And what came of it.
// Everything in it is plain, so that a cell can be written down in a CSV and run again: the same
// cell and seed give every policy the same arrivals and the same service times.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"

namespace ringway::loadtest {

enum class Service : std::uint8_t { exponential, pareto };  // Pareto with shape 1.5.

// What makes a fleet different from ten equal backends under Poisson arrivals.
enum class Workload : std::uint8_t {
    uniform,
    heavy_tailed,  // Service times are Pareto's, whatever the cell says.
    one_slow,      // One backend takes ten times as long.
    flapping,      // One backend goes down for half a second in every two; all shards know at once.
    bursty,        // Arrivals come at 1.5 and 0.5 times the rate by turns of 50 ms on average.
    uneven,        // Weights, and slots with them, are 1, 2, 3, 4, 5 and again.
};

struct Cell {
    core::Duration mean = std::chrono::milliseconds(1);  // Of the service time.
    std::uint32_t slots = 1;                             // Requests a backend serves at once.
    std::uint32_t shards = 1;
    Service service = Service::exponential;
    Workload workload = Workload::uniform;
    core::Duration interval = std::chrono::milliseconds(1);  // Between snapshots.
    bool are_aligned = false;  // All shards publish at the same moment; else each at its own.
    std::uint32_t backends = 10;
    double load = 0.8;
    std::uint64_t requests = 200'000;
    std::uint64_t seeds = 2;
};

// Latencies and waits are multiples of the cell's mean service time.
struct Outcome {
    double p50 = 0;
    double p99 = 0;
    double p999 = 0;
    double wait = 0;       // Mean time before a slot was free.
    double imbalance = 0;  // (most − mean) / max(1, mean) requests in flight per weight, sampled.
};

std::string_view name_of(Service service);
std::string_view name_of(Workload workload);
std::optional<Service> service_named(std::string_view name);
std::optional<Workload> workload_named(std::string_view name);

}  // namespace ringway::loadtest
