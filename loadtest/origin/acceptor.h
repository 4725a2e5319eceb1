// One listening socket: a multishot accept that hands each connection to its owner, until it is
// closed or the owner has no room (then the rest waits in the kernel's queue).
// Owned by a Backend or by the Control; the origin's thread. It can be opened again once closed.
#pragma once

#include <cstdint>

#include "core/completion.h"
#include "core/io.h"
#include "core/timer_wheel.h"

namespace ringway::loadtest {

class AcceptorOwner {
public:
    virtual void on_accepted(int fd) = 0;
    virtual bool has_room() const = 0;
    // The descriptor is closed; the owner may open the acceptor again.
    virtual void on_acceptor_closed() = 0;

protected:
    ~AcceptorOwner() = default;
};

class Acceptor final {
public:
    enum class State : std::uint8_t { closed, accepting, pausing, paused, closing };

    Acceptor(core::Io& io, core::TimerWheel& timers, AcceptorOwner& owner);
    ~Acceptor();  // REQUIRES: closed.

    // Owns the descriptor from here on. REQUIRES: closed.
    void open(int fd);
    // The owner has room again.
    void resume_if_paused();
    void begin_close();
    State state() const { return state_; }

private:
    // Out of descriptors, say: there is no event that ends it.
    static constexpr core::Duration retry_after = std::chrono::milliseconds(20);

    void on_outcome(core::Outcome outcome) noexcept;
    void on_close_done(core::Outcome outcome) noexcept;
    void on_retry() noexcept { resume_if_paused(); }
    void on_accept_ended(int result);
    void join_close();

    core::Io& io_;
    core::TimerWheel& timers_;
    AcceptorOwner& owner_;
    int fd_ = -1;
    State state_ = State::closed;
    core::Op<Acceptor> accept_{*this};
    core::TimerOf<Acceptor> retry_{*this};
};

}  // namespace ringway::loadtest
