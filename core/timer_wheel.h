// Deadlines of one shard: a hierarchical wheel of 1 ms ticks. Timers are embedded in their owners
// and bound to a member function, as completions are; nothing is allocated. One shard owns a
// wheel; no other thread touches it.
//
//     wheel.arm(idle_timer_.then<&Stream::on_idle>(), clock.now() + idle_max);
//
// A deadline is rounded up to the next millisecond: a timer never fires early and at most 1 ms
// late. What is due fires in the order of rounded deadlines, ties in the order of arming (as long
// as fewer than 2^23 armings lie between the two). A handler may arm and disarm any timer, its
// own too, and may destroy its owner. A timer armed for the past fires with the next tick.
//
// Arming an armed timer for a LATER deadline only rewrites its deadline; when the slot it still
// stands in comes up, it is moved. A timeout that is pushed on with every request costs a store.
//
// Invariant: with `now_tick_` the last tick run, a timer linked in level L, slot S shares with
// now_tick_ all base-64 digits above L, and S is greater than now_tick_'s digit L. Hence nothing
// ever wraps, and the first set bit of the lowest used level is the next event.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/clock.h"

namespace ringway::core {

class TimerWheel;

// Links of the circular lists; each slot of the wheel is one as the head of its list.
struct TimerLink {
    TimerLink* previous = nullptr;
    TimerLink* next = nullptr;
};

class Timer : private TimerLink {
public:
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool is_armed() const { return next != nullptr; }
    // When it fires, rounded up to the tick. REQUIRES: is_armed().
    Instant deadline() const;

protected:
    Timer() = default;
    ~Timer() { CHECK(!is_armed()); }

    void (*expired_)(Timer&) noexcept = nullptr;

private:
    friend class TimerWheel;
    // The tick of the deadline in the high 40 bits (35 years), the order of arming in the low 24:
    // one word, because 100,000 connections have two of these each.
    static constexpr unsigned order_bits = 24;
    std::uint64_t tick() const { return key_ >> order_bits; }
    std::uint64_t key_ = 0;
};

template <class Owner>
class TimerOf final : public Timer {
public:
    explicit TimerOf(Owner& owner) : owner_(owner) {}

    template <void (Owner::*Expired)() noexcept>
    TimerOf& then() {
        expired_ = [](Timer& timer) noexcept { (static_cast<TimerOf&>(timer).owner_.*Expired)(); };
        return *this;
    }

private:
    Owner& owner_;
};

class TimerWheel {
public:
    static constexpr Duration tick_length = std::chrono::milliseconds{1};

    explicit TimerWheel(Instant now);
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;
    ~TimerWheel() { CHECK(size_ == 0); }

    // A deadline more than 34 years from the epoch is "never".
    void arm(Timer& timer, Instant deadline);
    void disarm(Timer& timer);  // Does nothing to a timer that is not armed.

    // Fires what is due at `now`. REQUIRES: time does not run backwards; not from a handler.
    void advance(Instant now);

    // The loop need not call `advance` before this; Instant::max() when no timer is armed. It may
    // be early (then `advance` sorts far timers into finer slots) and is never late.
    Instant next_deadline() const;

    std::size_t size() const { return size_; }
    // CHECKs the invariants by walking all timers. For tests and debug builds.
    void validate() const;
    // What is armed, level by level, for a person to read.
    std::string dump() const;

private:
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned slot_count = 1U << digit_bits;
    static constexpr unsigned level_count = 7;  // 42 bits: any 40-bit tick has its place.
    static constexpr std::uint64_t tick_max = (std::uint64_t{1} << 40) - 1;

    using Level = std::array<TimerLink, slot_count>;
    struct Event {
        unsigned level;
        unsigned slot;
        std::uint64_t tick;  // The first that the slot stands for.
    };

    static unsigned digit(std::uint64_t tick, unsigned level) {
        return static_cast<unsigned>(tick >> (level * digit_bits)) % slot_count;
    }
    Event next_event() const;  // REQUIRES: has_events().
    bool has_events() const;
    void link(Timer& timer);
    void unlink(Timer& timer);
    void run(Event event);
    void fire_due();
    static void append(TimerLink& list, TimerLink& link);
    static bool is_before(const TimerLink& a, const TimerLink& b);
    static TimerLink* merge(TimerLink* a, TimerLink* b);
    static bool is_in_order(const TimerLink& list);
    static void sort(TimerLink& list);
    std::size_t validate_slot(unsigned level, unsigned slot) const;
    std::uint64_t first_tick(unsigned level, unsigned slot) const;

    std::array<Level, level_count> levels_;
    std::array<std::uint64_t, level_count> used_{};  // Bit S: slot S of the level has timers.
    std::uint64_t now_tick_;
    std::uint64_t armings_ = 0;
    std::size_t size_ = 0;

    // While `advance` runs: the timers of now_tick_ that have not fired yet.
    TimerLink due_;
    bool is_advancing_ = false;
};

}  // namespace ringway::core
