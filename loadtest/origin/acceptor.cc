#include "loadtest/origin/acceptor.h"

#include <utility>

namespace ringway::loadtest {

Acceptor::Acceptor(core::Io& io, core::TimerWheel& timers, AcceptorOwner& owner)
    : io_(io), timers_(timers), owner_(owner) {}

Acceptor::~Acceptor() {
    CHECK(state_ == State::closed);
}

void Acceptor::open(int fd) {
    CHECK(state_ == State::closed);
    fd_ = fd;
    state_ = State::accepting;
    io_.accept(accept_.then<&Acceptor::on_outcome>(), fd_);
}

void Acceptor::on_outcome(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) owner_.on_accepted(outcome.result);
    if (!outcome.more) return on_accept_ended(outcome.result);
    if (state_ == State::accepting && !owner_.has_room()) {
        state_ = State::pausing;
        io_.cancel(accept_);
    }
}

void Acceptor::on_accept_ended(int result) {
    switch (state_) {
        case State::closing:
            return join_close();
        case State::pausing:
            state_ = State::paused;
            return resume_if_paused();
        case State::accepting:
            state_ = State::paused;
            if (result >= 0) return resume_if_paused();
            timers_.arm(retry_.then<&Acceptor::on_retry>(), io_.clock().now() + retry_after);
            return;
        case State::paused:
        case State::closed:
            CHECK(false);
    }
}

void Acceptor::resume_if_paused() {
    if (state_ != State::paused || retry_.is_armed() || !owner_.has_room()) return;
    state_ = State::accepting;
    io_.accept(accept_.then<&Acceptor::on_outcome>(), fd_);
}

void Acceptor::begin_close() {
    if (state_ == State::closing || state_ == State::closed) return;
    timers_.disarm(retry_);
    // Ends the listening at once, not only when the accept in flight has let go of the socket.
    io_.shutdown(fd_);
    if (state_ == State::accepting) io_.cancel(accept_);
    state_ = State::closing;
    join_close();
}

void Acceptor::join_close() {
    if (accept_.in_flight()) return;
    io_.close(accept_.then<&Acceptor::on_close_done>(), std::exchange(fd_, -1));
}

void Acceptor::on_close_done(core::Outcome) noexcept {
    state_ = State::closed;
    owner_.on_acceptor_closed();
}

}  // namespace ringway::loadtest
