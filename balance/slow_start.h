// How much of its weight a backend has that has just come back: the curve of slow start. It rises
// with time, or with the requests that were answered, or with both, the slower one deciding.
// A pure function: who keeps the time of the start and the count is the caller, and it hands the
// result to BackendSet::set_factor once a tick. Any thread.
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace ringway::balance {

struct SlowStart {
    core::Duration window{};     // 0: time does not matter.
    std::uint64_t requests = 0;  // To be answered before it has its whole weight; 0: no matter.
    float shape = 1;      // 1: straight; above 1 slow first and steep later; below 1 the reverse.
    float least = 0.05F;  // So that it gets anything at all.
};

struct SinceStart {
    core::Duration time{};
    std::uint64_t requests = 0;
};

// From `least` to 1.
float slow_start_factor(const SlowStart& settings, const SinceStart& since);

}  // namespace ringway::balance
