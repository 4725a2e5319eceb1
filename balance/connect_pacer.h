// Bounds how fast new connections are opened to a backend. When another one dies, its share moves
// here at once, and with it the connections that the survivors do not have yet: they are opened at
// a bounded rate, and who finds none waits or goes elsewhere. A virtual-time limiter: one instant
// per backend, no counting down. It says when the next connection may be opened; nothing is
// reserved until `opened`. One owner, one thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.h"

namespace ringway::balance {

class ConnectPacer {
public:
    struct Options {
        std::uint32_t per_second = 0;  // 0: no bound.
        std::uint32_t burst = 1;       // As many at once after a quiet time.
    };

    explicit ConnectPacer(const Options& options)
        : step_(options.per_second == 0 ? core::Duration{}
                                        : core::Duration{1'000'000'000 / options.per_second}),
          slack_(step_ * (std::max(options.burst, 1U) - 1)) {}

    // Now, or later than now.
    core::Instant next(core::Instant now) const { return std::max(now, due_ - slack_); }
    bool may_open(core::Instant now) const { return next(now) <= now; }
    // REQUIRES: may_open(now).
    void opened(core::Instant now) { due_ = std::max(due_, now) + step_; }

private:
    core::Duration step_;
    core::Duration slack_;
    core::Instant due_{};  // When the next would be due if they came evenly.
};

}  // namespace ringway::balance
