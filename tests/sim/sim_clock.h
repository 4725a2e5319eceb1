// Simulated time: one "now" for a whole simulated world, and what is due to happen in it. Time
// stands still while code runs and jumps to the next event when everybody sleeps, so a minute of
// keep-alive costs nothing. Events at the same instant happen in the order they were planned;
// nothing depends on addresses, so a run is repeated from its seed.
// One SimClock per run, used by the one thread of that run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/check.h"
#include "core/clock.h"

namespace ringway::sim {

struct SimEvent;

// Who is told when an event is due.
class SimTarget {
public:
    virtual void on_event(const SimEvent& event) noexcept = 0;

protected:
    ~SimTarget() = default;
};

// What is due, as its target understands it. `generation` tells whether `index` still means what
// it meant when the event was planned.
struct SimEvent {
    SimTarget* target = nullptr;
    std::uint8_t kind = 0;
    std::uint8_t side = 0;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    std::uint64_t argument = 0;
};

class SimClock {
public:
    core::Instant now() const { return now_; }
    bool empty() const { return heap_.empty(); }
    std::uint64_t fired_total() const { return fired_total_; }

    // REQUIRES: !empty().
    core::Instant next_due() const { return heap_.front().due; }

    void at(core::Instant due, const SimEvent& event) {
        heap_.push_back({std::max(due, now_), planned_total_++, event});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    void after(core::Duration delay, const SimEvent& event) { at(now_ + delay, event); }

    // Moves on to `to`; what is due on the way happens, each at its own instant.
    void advance(core::Instant to) {
        CHECK(to >= now_);
        while (!heap_.empty() && heap_.front().due <= to) {
            std::pop_heap(heap_.begin(), heap_.end(), later);
            const Planned planned = heap_.back();
            heap_.pop_back();
            now_ = planned.due;
            fired_total_++;
            planned.event.target->on_event(planned.event);
        }
        now_ = to;
    }

private:
    struct Planned {
        core::Instant due;
        std::uint64_t order;
        SimEvent event;
    };
    static bool later(const Planned& a, const Planned& b) {
        return a.due != b.due ? a.due > b.due : a.order > b.order;
    }

    core::Instant now_{};
    std::uint64_t planned_total_ = 0;
    std::uint64_t fired_total_ = 0;
    std::vector<Planned> heap_;
};

// The fingerprint of a run: two runs of one seed must end with the same one.
class Trace {
public:
    void add(std::uint64_t word) {
        hash_ = (hash_ ^ word) * 0x9e37'79b9'7f4a'7c15;
        hash_ ^= hash_ >> 29;
    }
    std::uint64_t hash() const { return hash_; }

    // Tells the story on standard output while it happens (fleet_sim --tell).
    bool tells = false;

private:
    std::uint64_t hash_ = 0x2545'f491'4f6c'dd1d;
};

}  // namespace ringway::sim
