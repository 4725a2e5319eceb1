// When a request is tried again, and what that costs: the part of Exchange behind `fail`.
#include <algorithm>
#include <utility>

#include "http/exchange.h"

namespace ringway::http {

namespace {

// So many refusals a request may meet and go on for nothing.
constexpr std::uint32_t refusals_max = 32;

}  // namespace

// Whoever refuses at once has cost nobody anything: nothing was sent, hardly any time has passed,
// and whom we ask next gets one request as before. So this takes no attempt and nothing from the
// budget; a route that wants one try gets one. Who refused is passed over for a while, which ends
// this by itself; the bound is there for backends that come and go.
bool Exchange::may_go_elsewhere(const Unavailable& why) const {
    return why.others_remain && why.error.code == core::Errc::refused &&
           route_->retry->attempts > 1 && refusals_ < refusals_max;
}

NotRetried Exchange::against_retry(const core::Error& error) {
    if (state_ == State::answering) return NotRetried::answer_began;
    if (error.retry == core::Retry::never) return NotRetried::kind;
    if (error.retry != core::Retry::yes && !request_.head().is_idempotent()) {
        return NotRetried::not_idempotent;
    }
    if (!is_repeatable()) return NotRetried::body_sent;
    // A stale connection is the pool's mistake, not the backend's: replacing it, which happens only
    // once because the next one is fresh, takes no attempt and nothing from the budget.
    if (was_stale(error)) return NotRetried::none;
    return against_another_try();
}

// Where nothing is against it, it is paid for.
NotRetried Exchange::against_another_try() {
    if (!has_attempts_left()) return NotRetried::attempts;
    RetryBudget& budget = home_.budgets_[route_->group.value];
    return budget.try_take(home_.context_.now()) ? NotRetried::none : NotRetried::budget;
}

bool Exchange::has_attempts_left() const {
    return attempts_ - refusals_ < route_->retry->attempts;
}

// Whether all of the request that has been sent could be sent again.
bool Exchange::is_repeatable() const {
    return !request_body_was_sent_ || held_body_;
}

bool Exchange::wants_retry_for(std::uint16_t status) {
    const std::vector<std::uint16_t>& statuses = route_->retry->statuses;
    if (std::find(statuses.begin(), statuses.end(), status) == statuses.end()) return false;
    if (!request_.head().is_idempotent()) {
        not_retried_ = NotRetried::not_idempotent;
    } else {
        not_retried_ = is_repeatable() ? against_another_try() : NotRetried::body_sent;
    }
    return not_retried_ == NotRetried::none;
}

void Exchange::retry() {
    home_.context_.counters.retries.add();
    if (request_body_was_sent_) {
        // From the start: what is held is all that has arrived.
        request_body_.clear();
        core::Buffer again = home_.context_.take_buffer(held_body_.size());
        if (!again) return reply_with(Reason::no_memory);
        again.append(held_body_.bytes());
        request_body_.push(std::move(again));
        request_body_was_sent_ = false;
    }
    choose_backend();
}

}  // namespace ringway::http
