// How long a backend lets an unused connection live, learned from what it does: it may say so
// (Keep-Alive: timeout=N), and it shows so by the ages at which it ends idle connections. Knowing
// it, the pool retires a connection just before its backend would, and the race in which a request
// meets the backend's FIN does not take place.
//
// One age proves little, since a backend that restarts ends connections of every age. Three that
// agree within a tenth are taken for its time-out; two in a row that disagree with it, and ten
// minutes without confirmation, unlearn it (a backend that is never caught cannot confirm).
// One per backend and shard, a pure function of what it is told.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace ringway::shards {

class IdleLimit {
public:
    // The backend ended a connection that had been idle for `age`.
    void on_ended(core::Duration age, core::Instant now);
    // The backend announced its time-out with a response.
    void on_announced(core::Duration timeout, core::Instant now);

    // The age at which to retire an idle connection, a tenth and at least `margin_min` before the
    // backend does. Nothing while nothing is known.
    std::optional<core::Duration> retire_after(core::Instant now) const;
    // What was learned, for the metrics; 0 while nothing is.
    core::Duration learned(core::Instant now) const;

private:
    static constexpr core::Duration margin_min = std::chrono::milliseconds(50);
    static constexpr core::Duration forgotten_after = std::chrono::minutes(10);
    // Below this a FIN more likely answers something else than idleness.
    static constexpr core::Duration age_min = std::chrono::milliseconds(100);
    static constexpr std::uint8_t confirmations_needed = 3;

    bool is_known(core::Instant now) const {
        return confirmations_ >= confirmations_needed && now < forgotten_at_;
    }

    core::Duration age_{};
    core::Instant forgotten_at_{};
    std::uint8_t confirmations_ = 0;
    std::uint8_t contradictions_ = 0;
};

}  // namespace ringway::shards
