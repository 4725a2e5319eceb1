// The engines that the promises of core/io.h are tested on, behind one face: io_uring on this
// machine's loopback, the simulated engine in calm, and the simulated engine under every fault
// that the promises allow, by seed. A test drives the engine with `tick` and `run_until`; nothing
// here knows what is being tested. Used on the thread that made it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/address.h"
#include "core/io.h"

namespace ringway::support {

// A gate that lets the engine sleep and counts.
class CountingGate : public core::SleepGate {
public:
    bool may_sleep() noexcept override {
        asked++;
        return lets;
    }
    void on_awake() noexcept override { awoken++; }

    bool lets = true;
    int asked = 0;
    int awoken = 0;
};

class IoEngine {
public:
    struct Listening {
        int fd;
        core::Address address;
    };

    IoEngine() = default;
    IoEngine(const IoEngine&) = delete;
    virtual ~IoEngine() = default;

    virtual core::Io& io() = 0;
    virtual Listening listen() = 0;
    virtual void close_listener(int fd) = 0;
    // An address where nobody listens.
    virtual core::Address deserted() = 0;
    // No more than `count` further descriptors can be opened, or as many as ever (-1).
    virtual void limit_descriptors(int count) = 0;
    virtual std::size_t open_descriptors() = 0;

    // One run_once, and whatever else has to move for time to pass.
    virtual void tick() = 0;
    // Runs run_once(until) alone, until it returns with somebody else having woken it while it
    // slept. False when it was not woken but slept to `until`, or did not sleep.
    virtual bool sleep_and_be_woken(core::Instant until, CountingGate& gate) = 0;

    // Ticks until `done()`; false when it does not come to pass in ample time.
    template <class Done>
    bool run_until(Done&& done) {
        const core::Instant deadline = io().clock().now() + std::chrono::seconds(30);
        for (int tick_count = 0; tick_count < 2'000'000; tick_count++) {
            if (done()) return true;
            if (io().clock().now() > deadline) return false;
            tick();
        }
        return false;
    }
};

// Null with the reason in `why_not` where the machine has no io_uring.
std::unique_ptr<IoEngine> make_uring_engine(std::string& why_not);
std::unique_ptr<IoEngine> make_calm_sim_engine();
// Faults of the engine and of scheduling; the network keeps its connections.
std::unique_ptr<IoEngine> make_faulty_sim_engine(std::uint64_t seed);

}  // namespace ringway::support
