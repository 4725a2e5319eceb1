// Time as it is passed around: monotonic nanoseconds, read once per tick of a shard and then
// carried by value. Nothing below the loop asks the kernel for the time, so the same code runs
// under a simulated clock, and a tick sees one consistent "now".
// A Clock belongs to one shard; its loop is the only writer.
#pragma once

#include <chrono>
#include <cstdint>

namespace ringway::core {

using Duration = std::chrono::nanoseconds;

// The epoch is the machine's start (CLOCK_MONOTONIC) or the simulation's.
struct Monotonic {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<Monotonic, Duration>;
    static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

class Clock {
public:
    Instant now() const { return now_; }
    void set(Instant now) { now_ = now; }

    // The same moment by the wall clock, for people to read. It may jump when that is set.
    Duration since_1970() const { return now_.time_since_epoch() + wall_offset_; }
    void set_wall_offset(Duration offset) { wall_offset_ = offset; }

private:
    Instant now_{};
    Duration wall_offset_{};
};

}  // namespace ringway::core
