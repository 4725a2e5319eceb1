#include "shards/idle_limit.h"

#include <algorithm>

namespace ringway::shards {

void IdleLimit::on_ended(core::Duration age, core::Instant now) {
    if (age < age_min) return;
    const core::Duration apart = age > age_ ? age - age_ : age_ - age;
    if (confirmations_ > 0 && apart <= age_ / 10) {
        // The shortest is the safest: longer ones were noticed late.
        age_ = std::min(age_, age);
        confirmations_ = std::min<std::uint8_t>(confirmations_ + 1, confirmations_needed);
        contradictions_ = 0;
        forgotten_at_ = now + forgotten_after;
        return;
    }
    if (is_known(now) && ++contradictions_ < 2) return;
    age_ = age;
    confirmations_ = 1;
    contradictions_ = 0;
    forgotten_at_ = now + forgotten_after;
}

void IdleLimit::on_announced(core::Duration timeout, core::Instant now) {
    if (timeout <= core::Duration{0}) return;
    // What it does counts for more than what it says, when it does it sooner.
    if (!is_known(now) || timeout < age_) age_ = timeout;
    confirmations_ = confirmations_needed;
    contradictions_ = 0;
    forgotten_at_ = now + forgotten_after;
}

std::optional<core::Duration> IdleLimit::retire_after(core::Instant now) const {
    if (!is_known(now)) return {};
    const core::Duration margin = std::max(age_ / 10, margin_min);
    return std::max(age_ - margin, core::Duration{0});
}

core::Duration IdleLimit::learned(core::Instant now) const {
    return is_known(now) ? age_ : core::Duration{0};
}

}  // namespace ringway::shards
