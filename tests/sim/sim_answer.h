// How a simulated backend answers one request: the bytes, and what it does between and after them.
// Most answers are one step; faults cut, delay, spoil or lengthen it. Pure: drawn from the faults
// of the run and the exchange, carried out by SimBackend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tests/sim/sim_faults.h"
#include "tests/sim/sim_ledger.h"

namespace ringway::sim {

struct SimAnswer {
    enum class Ending : std::uint8_t { keep, close, reset, stall };

    std::string bytes;
    std::size_t whole_bytes = 0;  // Those that a client takes for the answer; more may follow.
    // Pieces to send and how long to wait before each; the rest goes at once.
    std::size_t piece_bytes = 0;
    core::Duration pause{};
    core::Duration think{};
    Ending ending = Ending::keep;
    bool is_early = false;  // Does not wait for the request's body.
    // Whole, with an end, and without "close": whatever the ending, the next request may follow.
    bool invites_next = false;
};

struct SimAsked {
    std::uint32_t number = 0;
    std::uint32_t backend = 0;
    core::Duration idle_timeout{};  // Announced, when of whole seconds.
};

SimAnswer draw_answer(SimFaults& faults, const SimLedger::Exchange& exchange, SimAsked asked);

}  // namespace ringway::sim
