// What every exchange of a run was meant to be and what became of it: clients enter what they ask
// for, backends what they saw, clients what they got. Each exchange has a number, its request and
// answer bodies are texts that depend on the number, the side and the backend, so a byte that
// reaches the wrong exchange is noticed by whoever checks it. Violations of an invariant are
// collected here, each with the name of the invariant. One per run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/prng.h"

namespace ringway::sim {

enum class Invariant : std::uint8_t {
    answers_go_to_their_request,  // No byte reaches the wrong client or exchange.
    requests_arrive_as_sent,      // Head and body, at the backend.
    unsafe_requests_go_once,      // A POST that reached a backend is not tried again.
    answers_are_whole_or_cut,     // No broken answer looks like a whole one.
    errors_need_a_cause,          // Without harmful faults every exchange gets its answer.
    every_exchange_ends,          // No exchange is stuck.
    exchanges_finish_once,        // Begun = finished, at the end of the run.
    in_flight_returns_to_zero,    // Per backend and per engine.
    everything_is_given_back,     // Buffers, slots, timers, descriptors.
    only_eligible_backends,       // Who refused us is left alone.
    runs_repeat,                  // The same seed does the same twice.
};
std::string_view name_of(Invariant invariant);

enum class SimMethod : std::uint8_t { get, head, post, put };
std::string_view name_of(SimMethod method);

class SimLedger {
public:
    enum class End : std::uint8_t {
        open,
        whole,      // The backend's answer, as meant.
        own_error,  // The proxy answered 4xx or 5xx.
        cut,        // The proxy ended the connection first.
        abandoned,  // The client left first.
    };
    struct Exchange {
        std::uint32_t client = 0;
        SimMethod method = SimMethod::get;
        End end = End::open;
        bool is_upgrade = false;  // The bodies are what goes through the tunnel.
        std::uint16_t status = 200;
        std::uint32_t request_bytes = 0;
        std::uint32_t answer_bytes = 0;
        std::uint32_t seen = 0;  // Times its head reached a backend.

        bool has_answer_body() const {
            return is_upgrade || (method != SimMethod::head && status != 204 && status != 304);
        }
    };
    struct Violation {
        Invariant invariant;
        std::string what;
    };

    SimLedger(std::uint64_t seed, std::uint32_t exchanges_max, bool strict);

    // Whether nothing in this run excuses an error: no fault that harms an exchange is on.
    bool is_strict() const { return strict_; }
    bool has_more() const { return exchanges_.size() < exchanges_max_; }
    // The next exchange of this client; one alone on its connection may be an upgrade.
    // REQUIRES: has_more().
    std::uint32_t plan(std::uint32_t client, bool is_alone);
    void on_seen(std::uint32_t number);
    void end(std::uint32_t number, End end, std::uint16_t status);
    // A shard is told to go: who asks it at that moment may be cut, as on any idle connection that
    // ends, but not once a backend has the request.
    void on_drain() { was_drained_ = true; }
    bool was_drained() const { return was_drained_; }
    // The proxy ended the connection; `within` an answer, or before its first byte.
    void cut(std::uint32_t number, bool within);

    const Exchange& exchange(std::uint32_t number) const { return exchanges_[number]; }
    std::size_t size() const { return exchanges_.size(); }
    std::size_t open_count() const { return open_count_; }
    std::uint64_t ended_total(End end) const { return ended_[static_cast<std::size_t>(end)]; }
    std::uint64_t own_errors(std::uint16_t status) const { return own_errors_[status]; }

    static std::string_view request_text(std::uint32_t number, std::size_t size);
    static std::string_view answer_text(std::uint32_t number, std::uint32_t backend,
                                        std::size_t size);

    void violate(Invariant invariant, std::string what);
    const std::vector<Violation>& violations() const { return violations_; }

private:
    core::Prng prng_;
    std::uint32_t exchanges_max_;
    bool strict_;
    bool was_drained_ = false;
    std::vector<Exchange> exchanges_;
    std::size_t open_count_ = 0;
    std::uint64_t ended_[5] = {};
    std::vector<std::uint64_t> own_errors_ = std::vector<std::uint64_t>(600);
    std::vector<Violation> violations_;
};

}  // namespace ringway::sim
