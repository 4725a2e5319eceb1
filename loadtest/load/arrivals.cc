#include "loadtest/load/arrivals.h"

#include <cmath>

namespace ringway::loadtest {

void Arrivals::start(core::Instant at) {
    start_ = at;
    draw();
}

void Arrivals::take() {
    taken_++;
    draw();
}

void Arrivals::draw() {
    if (options_.per_second <= 0) {
        next_ = core::Instant::max();
        return;
    }
    switch (options_.kind) {
        case ArrivalKind::even:
            // From the number and not from the one before: rounding must not add up to a rate.
            elapsed_seconds_ = (static_cast<double>(taken_) + options_.phase) / options_.per_second;
            break;
        case ArrivalKind::poisson:
            elapsed_seconds_ -= std::log1p(-prng_.real()) / options_.per_second;
            break;
    }
    next_ = start_ + core::Duration{static_cast<std::int64_t>(elapsed_seconds_ * 1e9)};
}

}  // namespace ringway::loadtest
