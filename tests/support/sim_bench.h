// A simulated network with its clock, its faults (none, until a test sets a rate) and the world
// that runs the hosts: what fixtures over SimIo have in common. Time passes only in `until` and
// `run_for`, and `run_for` ends when it says, however far away the next event is.
// One per test, in its one thread.
#pragma once

#include <chrono>

#include "tests/sim/sim_world.h"

namespace ringway::tests {

class SimBench : private sim::SimTarget {
public:
    // True when it came to pass within ten minutes of simulated time.
    template <class Done>
    bool until(Done&& done) {
        return world.run_until(clock.now() + std::chrono::minutes(10), done);
    }
    void run_for(core::Duration time) {
        const core::Instant end = clock.now() + time;
        clock.at(end, {.target = this});
        while (clock.now() < end) world.step();
    }
    // Long enough for everything but timers.
    void settle() { run_for(std::chrono::milliseconds(200)); }

    sim::SimClock clock;
    sim::SimFaults faults{1};
    sim::SimNet net{clock, faults};
    sim::SimWorld world{net};

private:
    void on_event(const sim::SimEvent&) noexcept override {}
};

}  // namespace ringway::tests
