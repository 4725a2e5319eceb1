#include "shards/tcp_relay.h"

#include <utility>

namespace ringway::shards {

TcpRelay::TcpRelay(core::Io& io, core::TimerWheel& timers, const Options& options)
    : owner_(options.owner),
      backend_(options.backend),
      io_(io),
      timers_(timers),
      idle_timeout_(options.idle_timeout),
      client_(*this, io, {.pool = core::Pool::client, .side = core::Side::client}),
      upstream_(*this, io, {.pool = core::Pool::upstream, .side = core::Side::upstream}) {
    timers_.arm(timer_.then<&TcpRelay::on_idle>(), io_.clock().now() + gather_timeout);
}

TcpRelay::~TcpRelay() {
    CHECK(state_ == State::closed);
}

// --- Both ends come in --------------------------------------------------------------------------

void TcpRelay::on_client_released(int fd, core::Buffer early) {
    settle(client_, fd, std::move(early));
}

void TcpRelay::on_upstream_released(int fd, core::Buffer early) {
    settle(upstream_, fd, std::move(early));
}

void TcpRelay::on_client_lost() {
    client_.is_settled = true;
    if (state_ == State::closing) return join_close();
    begin_close();
}

void TcpRelay::on_upstream_lost() {
    upstream_.is_settled = true;
    if (state_ == State::closing) return join_close();
    begin_close();
}

void TcpRelay::settle(End& end, int fd, core::Buffer early) {
    end.is_settled = true;
    end.stream.adopt(fd);
    end.early = std::move(early);
    if (state_ == State::closing) {
        end.early.reset();
        return end.stream.begin_close();
    }
    if (other(end).is_settled) run();
}

void TcpRelay::run() {
    state_ = State::running;
    touch();
    for (End* end : {&client_, &upstream_}) {
        if (end->early) on_bytes(*end, std::move(end->early));
        if (end->stream.is_open()) end->stream.receive();
    }
}

// --- Bytes ---------------------------------------------------------------------------------------

void TcpRelay::on_bytes(End& from, core::Buffer bytes) {
    if (state_ != State::running) return;
    touch();
    End& to = other(from);
    to.stream.output().push(std::move(bytes));
    to.stream.flush();
    if (to.stream.output().size() <= high_water_bytes) from.stream.receive();
}

// `to` has sent all it had: its giver may go on, or has ended.
void TcpRelay::pump(End& to) {
    if (state_ != State::running) return;
    touch();
    End& from = other(to);
    if (!from.has_ended) return from.stream.receive();
    if (!std::exchange(from.end_was_passed_on, true)) to.stream.end_output();
    if (to.end_was_passed_on) begin_close();
}

void TcpRelay::on_failed(End& end, const core::Error& error) {
    if (error.code != core::Errc::ended || state_ != State::running) return begin_close();
    end.has_ended = true;
    End& to = other(end);
    if (to.stream.output().empty()) pump(to);
}

void TcpRelay::touch() {
    timers_.arm(timer_.then<&TcpRelay::on_idle>(), io_.clock().now() + idle_timeout_);
}

// --- The end -------------------------------------------------------------------------------------

void TcpRelay::on_idle() noexcept {
    begin_close();
}

void TcpRelay::begin_close() {
    if (state_ == State::closing || state_ == State::closed) return;
    state_ = State::closing;
    timers_.disarm(timer_);
    for (End* end : {&client_, &upstream_}) {
        end->early.reset();
        end->stream.begin_close();
    }
    join_close();
}

void TcpRelay::join_close() {
    if (state_ != State::closing) return;
    for (const End* end : {&client_, &upstream_}) {
        // A side that has not been given to us yet will be, and is closed then.
        if (!end->is_settled) return;
        const core::Stream::State state = end->stream.state();
        if (state != core::Stream::State::unused && state != core::Stream::State::closed) return;
    }
    state_ = State::closed;
    owner_.on_relay_closed(*this);
}

}  // namespace ringway::shards
