// What goes wrong in a simulated run, and how often it did. Each kind of fault has a row in
// `fault_table` with the highest rate at which it may strike. A run draws its own rates ("swarm"):
// about half of the kinds are off in any one run, so that a fault which would mask another does
// not always do so. Every strike is counted; fleet_sim fails when a kind never struck.
// One SimFaults per run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/prng.h"

namespace ringway::sim {

enum class Fault : std::uint8_t {
    // The network.
    segment_split,
    latency_spike,
    small_window,
    connection_reset,
    connect_refused,
    connect_hung,
    backlog_full,
    // The engine.
    receive_short,
    no_buffers,
    end_behind_no_buffers,
    buffer_with_end,
    send_short,
    completion_late,
    completions_reordered,
    completions_limited,
    submissions_limited,
    close_late,
    descriptor_reused,
    cancel_late,
    cancel_lost,
    cancel_raced,
    accept_ended,
    accept_failed,
    open_failed,
    wake_spurious,
    host_stalled,
    // Backends.
    backend_stall,
    backend_flap,
    backend_reset,
    backend_end_in_head,
    backend_end_in_body,
    backend_end_idle,
    backend_drip,
    backend_garbage,
    backend_early_response,
    backend_close_header,
    backend_close_delimited,
    backend_body_short,
    backend_body_long,
    // Clients.
    client_fragments,
    client_pipelines,
    client_cut_in_request,
    client_cut_in_response,
    client_slow_reader,
    client_silent,
    // Behind the others, so that a seed draws the same rates as ever.
    send_held,
    standing_ended,
};

inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(Fault::standing_ended) + 1;

struct FaultRow {
    Fault fault;
    std::string_view name;
    double rate_max;  // Of the occasions on which it may strike. 0: it happens by itself.
    std::string_view what;
};

extern const std::array<FaultRow, fault_kinds> fault_table;

class SimFaults {
public:
    // Nothing strikes.
    explicit SimFaults(std::uint64_t seed) : prng_(seed) {}

    // Draws the rates of a run.
    void draw_swarm();
    void set_rate(Fault fault, double rate) { rates_[index(fault)] = rate; }
    double rate(Fault fault) const { return rates_[index(fault)]; }

    // Whether it strikes now; counted.
    bool strikes(Fault fault) {
        const double rate = rates_[index(fault)];
        if (rate <= 0 || !prng_.chance(rate)) return false;
        counts_[index(fault)]++;
        return true;
    }
    // Whether it is to strike later; whoever carries it out counts it then.
    bool draws(Fault fault) { return rate(fault) > 0 && prng_.chance(rate(fault)); }
    void count(Fault fault) { counts_[index(fault)]++; }
    std::uint64_t struck_total(Fault fault) const { return counts_[index(fault)]; }

    // The randomness of the network and the engines.
    core::Prng& prng() { return prng_; }
    // One of first..last, each equally likely.
    std::uint64_t between(std::uint64_t first, std::uint64_t last) {
        return first + prng_.uniform(last - first + 1);
    }
    // One of 1..most, small ones far more often: every power of two is as likely as the next.
    std::uint64_t skewed(std::uint64_t most);

private:
    static std::size_t index(Fault fault) { return static_cast<std::size_t>(fault); }

    core::Prng prng_;
    std::array<double, fault_kinds> rates_{};
    std::array<std::uint64_t, fault_kinds> counts_{};
};

}  // namespace ringway::sim
