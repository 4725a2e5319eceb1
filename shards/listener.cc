#include "shards/listener.h"

#include <cerrno>
#include <utility>

namespace ringway::shards {

Listener::Listener(core::Io& io, core::TimerWheel& timers, const Options& options)
    : io_(io), timers_(timers), owner_(options.owner), arrival_(options.arrival), fd_(options.fd) {}

Listener::~Listener() {
    CHECK(state_ == State::closed);
}

void Listener::begin_accepting() {
    CHECK(state_ == State::paused);
    state_ = State::accepting;
    io_.accept(accept_.then<&Listener::on_outcome>(), fd_);
}

void Listener::on_outcome(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) {
        counters_.accepts.add();
        take(outcome.result);
    }
    if (!outcome.more) return on_accept_ended(outcome.result);
    if (state_ == State::accepting && !owner_.has_room()) {
        counters_.pauses.add();
        state_ = State::pausing;
        io_.cancel(accept_);
    }
}

void Listener::take(int fd) {
    if (state_ != State::closing && waiting_.empty() && owner_.has_room()) {
        return owner_.on_accepted(*this, fd);
    }
    counters_.late_accepts.add();
    waiting_.push_back(fd);
}

void Listener::on_accept_ended(int result) {
    switch (state_) {
        case State::closing:
            return join_close();
        case State::pausing:
            state_ = State::paused;
            return resume_if_paused();
        case State::accepting:
            // A full completion queue ends a multishot with a good result, a lack with a bad one.
            state_ = State::paused;
            if (result >= 0 || result == -ECONNABORTED) return resume_if_paused();
            counters_.accept_failures.add();
            timers_.arm(retry_.then<&Listener::on_retry>(),
                        io_.clock().now() + retry_after_failure);
            return;
        case State::paused:
        case State::closed:
            CHECK(false);
    }
}

void Listener::resume_if_paused() {
    while (!waiting_.empty() && state_ != State::closing && owner_.has_room()) {
        const int fd = waiting_.front();
        waiting_.pop_front();
        owner_.on_accepted(*this, fd);
    }
    if (state_ == State::paused && waiting_.empty() && !retry_.is_armed() && owner_.has_room())
        begin_accepting();
}

void Listener::on_retry() noexcept {
    resume_if_paused();
}

void Listener::begin_close() {
    if (state_ == State::closing || state_ == State::closed) return;
    timers_.disarm(retry_);
    if (state_ == State::accepting) io_.cancel(accept_);
    state_ = State::closing;
    join_close();
}

void Listener::join_close() {
    if (accept_.in_flight()) return;
    if (!waiting_.empty()) {
        const int fd = waiting_.front();
        waiting_.pop_front();
        return io_.close(accept_.then<&Listener::on_waiting_closed>(), fd);
    }
    io_.close(accept_.then<&Listener::on_close_done>(), std::exchange(fd_, -1));
}

void Listener::on_waiting_closed(core::Outcome) noexcept {
    join_close();
}

void Listener::on_close_done(core::Outcome) noexcept {
    state_ = State::closed;
    owner_.on_listener_closed(*this);
}

}  // namespace ringway::shards
