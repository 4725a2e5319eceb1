// Runs the hosts of a simulation in turns on one thread: ticks whoever has something to do, in an
// order drawn anew each round, and when all sleep moves the clock to the next thing that happens.
// A host may be stalled for a while, as a machine that is short of CPU. Belongs to one run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/sim/sim_io.h"

namespace ringway::sim {

// A program that lives on one SimIo. `tick` calls its `run_once` exactly once.
class SimHost {
public:
    virtual SimIo& io() = 0;
    virtual void tick() = 0;

protected:
    ~SimHost() = default;
};

class SimWorld {
public:
    explicit SimWorld(SimNet& net) : net_(net) {}

    // REQUIRES: the host outlives this world or its last step.
    void add(SimHost& host) { hosts_.push_back({&host, {}}); }

    // One round. False when nothing will ever happen again.
    bool step();
    // Steps until `done()` or the simulated time `deadline` has passed; true when done.
    template <class Done>
    bool run_until(core::Instant deadline, Done&& done) {
        while (!done()) {
            if (net_.clock().now() > deadline || !step()) return done();
        }
        return true;
    }
    std::uint64_t rounds_total() const { return rounds_total_; }

private:
    struct Host {
        SimHost* host;
        core::Instant stalled_until;
    };
    bool tick_runnable();

    SimNet& net_;
    std::vector<Host> hosts_;
    std::uint64_t rounds_total_ = 0;
};

}  // namespace ringway::sim
