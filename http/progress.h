// Whether a peer takes what it is sent, judged by a timer's looks: between two of them it must have
// taken so many bytes per second, or at least one. What counts is what its kernel acknowledged:
// how much waits here says little, because what is taken is filled up again.
// And whether what is wanted of a peer comes, judged when some of it does: who sends nothing at all
// meets a time-out first.
// Embedded in a session or a client, on its shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "core/stream.h"

namespace ringway::http {

class Progress {
public:
    // All that there was has left: the next look begins anew.
    void forget() { looked_at_ms_ = 0; }
    // Since the last look the peer took too little of what waited for it. The first look only
    // remembers. `bytes_per_second_min` of 0 is content with any byte. REQUIRES: the stream is
    // open.
    bool has_stalled(const core::Stream& stream, core::Instant now,
                     std::uint32_t bytes_per_second_min = 0);

private:
    std::uint32_t taken_ = 0;         // At the last look, modulo 2^32.
    std::uint32_t looked_at_ms_ = 0;  // Likewise; 0: nothing to compare with.
};

class ArrivalRate {
public:
    struct Limit {
        std::uint32_t bytes_per_second_min;  // 0: none.
        core::Duration period;               // Over which it is judged.
    };

    // From now on bytes are wanted.
    void begin(core::Instant now);
    bool has_lasted(core::Duration duration, core::Instant now) const;
    // What is left of so long; nothing when it has lasted.
    core::Duration left_of(core::Duration duration, core::Instant now) const;
    // `bytes` came. True when the period that has passed brought too few.
    bool is_too_low(std::size_t bytes, core::Instant now, const Limit& limit);

private:
    std::uint32_t began_at_ms_ = 0;  // Modulo 2^32.
    std::uint32_t bytes_ = 0;        // Since then; saturates.
};

}  // namespace ringway::http
