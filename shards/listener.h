// One shard's listening socket: a multishot accept that is stopped when the shard is full and
// armed again at 95 % of what it may hold. The connections beyond wait in the kernel's queue, or
// go to shards with room. A multishot empties the whole queue before we hear of its first
// connection, so some come when the shard is full already: they wait here, first come, first
// served. None is accepted to be closed, unless the listener itself closes.
// Owned by its Shard. The descriptor stays open until `begin_close`: closing a listener resets
// what is queued on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/completion.h"
#include "core/io.h"
#include "core/metrics.h"
#include "core/timer_wheel.h"
#include "http/client_side.h"

namespace ringway::shards {

class Listener;

class ListenerOwner {
public:
    virtual void on_accepted(Listener& listener, int fd) = 0;
    virtual bool has_room() const = 0;
    virtual void on_listener_closed(Listener& listener) = 0;

protected:
    ~ListenerOwner() = default;
};

class Listener final {
public:
    enum class State : std::uint8_t {
        accepting,
        pausing,  // The accept was cancelled; late connections may still come.
        paused,   // Full, or out of descriptors.
        closing,
        closed,
    };

    // One writer: the shard.
    struct Counters {
        core::Counter accepts;
        core::Counter pauses;
        core::Counter late_accepts;     // Came when there was no room.
        core::Counter accept_failures;  // Out of descriptors or memory.
    };

    struct Options {
        ListenerOwner& owner;
        int fd;
        http::Arrival arrival;
    };
    Listener(core::Io& io, core::TimerWheel& timers, const Options& options);
    ~Listener();

    void begin_accepting();
    // The owner says so when connections have ended: those that wait here come first.
    void resume_if_paused();
    void begin_close();
    State state() const { return state_; }
    std::size_t waiting_count() const { return waiting_.size(); }
    const http::Arrival& arrival() const { return arrival_; }
    const Counters& counters() const { return counters_; }

private:
    // After the kernel ran out of something there is no event to wait for.
    static constexpr core::Duration retry_after_failure = std::chrono::milliseconds(50);

    void on_outcome(core::Outcome outcome) noexcept;
    void on_waiting_closed(core::Outcome outcome) noexcept;
    void on_close_done(core::Outcome outcome) noexcept;
    void on_retry() noexcept;
    void on_accept_ended(int result);
    void take(int fd);
    void join_close();

    core::Io& io_;
    core::TimerWheel& timers_;
    ListenerOwner& owner_;
    http::Arrival arrival_;
    int fd_;
    State state_ = State::paused;
    std::deque<int> waiting_;  // At most what the kernel's queue held.
    core::Op<Listener> accept_{*this};
    core::TimerOf<Listener> retry_{*this};
    Counters counters_;
};

}  // namespace ringway::shards
