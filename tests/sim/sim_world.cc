#include "tests/sim/sim_world.h"

namespace ringway::sim {

bool SimWorld::tick_runnable() {
    SimFaults& faults = net_.faults();
    const core::Instant now = net_.clock().now();
    const std::size_t first = static_cast<std::size_t>(faults.prng().uniform(hosts_.size()));
    bool any = false;
    for (std::size_t i = 0; i < hosts_.size(); i++) {
        Host& host = hosts_[(first + i) % hosts_.size()];
        if (!host.host->io().is_runnable() || now < host.stalled_until) continue;
        any = true;
        if (faults.strikes(Fault::host_stalled)) {
            const std::uint64_t pause_us = faults.skewed(50'000);
            host.stalled_until =
                now + std::chrono::microseconds(static_cast<std::int64_t>(pause_us));
            continue;
        }
        host.host->tick();
    }
    return any;
}

bool SimWorld::step() {
    rounds_total_++;
    SimClock& clock = net_.clock();
    if (tick_runnable()) {
        // A tick takes time, so that a host which never sleeps does not stop the clock.
        clock.advance(clock.now() + std::chrono::microseconds(2));
        return true;
    }
    core::Instant next = core::Instant::max();
    if (!clock.empty()) next = clock.next_due();
    for (const Host& host : hosts_) {
        next = std::min(next, host.host->io().is_runnable() ? host.stalled_until
                                                            : host.host->io().sleeps_until());
    }
    if (next == core::Instant::max()) return false;
    clock.advance(std::max(next, clock.now()));
    return true;
}

}  // namespace ringway::sim
