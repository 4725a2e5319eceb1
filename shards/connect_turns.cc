#include "shards/connect_turns.h"

#include <algorithm>

#include "shards/upstream_pool.h"

namespace ringway::shards {
namespace {

// After a quiet time a tenth of a second's connections may be opened at once.
std::uint32_t burst_of(std::uint32_t per_second) {
    return std::max(per_second / 10, 1U);
}

}  // namespace

ConnectTurns::ConnectTurns(core::TimerWheel& timers, const Options& options)
    : timers_(timers),
      pool_(options.pool),
      backend_(options.backend),
      wait_max_(options.wait_max),
      pacer_({.per_second = options.per_second, .burst = burst_of(options.per_second)}) {}

ConnectTurns::~ConnectTurns() {
    CHECK(first_ == nullptr);
    timers_.disarm(turn_);
}

bool ConnectTurns::try_take(core::Instant now) {
    if (!pacer_.may_open(now)) return false;
    pacer_.opened(now);
    return true;
}

void ConnectTurns::wait(UpstreamConnection& connection, core::Instant now) {
    connection.use = UpstreamConnection::Use::waiting;
    connection.waiting_since = now;
    connection.previous = last_;
    connection.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &connection;
    last_ = &connection;
    if (first_ == &connection) arm(now);
}

void ConnectTurns::leave(UpstreamConnection& connection) {
    (connection.previous == nullptr ? first_ : connection.previous->next) = connection.next;
    (connection.next == nullptr ? last_ : connection.next->previous) = connection.previous;
    if (first_ == nullptr) timers_.disarm(turn_);
}

void ConnectTurns::on_idle(core::Instant now) {
    if (first_ != nullptr) timers_.arm(turn_.then<&ConnectTurns::on_turn>(), now);
}

// All wait for the same time, so the first is the first whose time is over.
void ConnectTurns::arm(core::Instant now) {
    const core::Instant next = std::min(pacer_.next(now), first_->waiting_since + wait_max_);
    timers_.arm(turn_.then<&ConnectTurns::on_turn>(), next);
}

void ConnectTurns::on_turn() noexcept {
    const core::Instant now = pool_.serve_turns(backend_);
    if (first_ != nullptr) arm(now);
}

}  // namespace ringway::shards
