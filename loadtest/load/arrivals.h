// When requests are to be sent in an open loop, whatever becomes of those before: evenly, or as a
// Poisson process. The n-th instant follows from the rate, the start and the seed alone. It is
// drawn when it is asked for: what could not be sent in time is not stored, it is simply still
// next, and its latency counts from the instant that it was meant for.
// One generator owns one; several share a rate by offsets (even) or seeds (Poisson).
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/prng.h"

namespace ringway::loadtest {

enum class ArrivalKind : std::uint8_t { even, poisson };

class Arrivals {
public:
    struct Options {
        ArrivalKind kind = ArrivalKind::even;
        double per_second = 1;  // 0: none, ever.
        double phase = 0;       // Of an even interval, 0 to 1.
        std::uint64_t seed = 1;
    };
    explicit Arrivals(const Options& options) : options_(options), prng_(options.seed) {}

    void start(core::Instant at);
    core::Instant next() const { return next_; }
    // The one that was next has been sent.
    void take();

private:
    void draw();

    Options options_;
    core::Prng prng_;
    core::Instant start_{};
    core::Instant next_{};
    std::uint64_t taken_ = 0;
    double elapsed_seconds_ = 0;  // Of a Poisson process, up to `next_`.
};

}  // namespace ringway::loadtest
