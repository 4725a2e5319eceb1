#include "http/progress.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ringway::http {

namespace {

std::uint32_t milliseconds(core::Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::uint64_t bytes_in(std::uint32_t passed_ms, std::uint32_t bytes_per_second) {
    return std::uint64_t{bytes_per_second} * passed_ms / 1'000;
}

}  // namespace

bool Progress::has_stalled(const core::Stream& stream, core::Instant now,
                           std::uint32_t bytes_per_second_min) {
    if (!stream.is_sending()) {
        forget();
        return false;
    }
    const std::uint32_t now_ms = std::max(milliseconds(now.time_since_epoch()), 1U);
    const std::uint32_t before_ms = std::exchange(looked_at_ms_, now_ms);
    const std::uint32_t taken = stream.taken();
    const std::uint32_t more = taken - std::exchange(taken_, taken);
    if (before_ms == 0) return false;
    return more < std::max<std::uint64_t>(bytes_in(now_ms - before_ms, bytes_per_second_min), 1);
}

void ArrivalRate::begin(core::Instant now) {
    began_at_ms_ = milliseconds(now.time_since_epoch());
    bytes_ = 0;
}

bool ArrivalRate::has_lasted(core::Duration duration, core::Instant now) const {
    return milliseconds(now.time_since_epoch()) - began_at_ms_ >= milliseconds(duration);
}

core::Duration ArrivalRate::left_of(core::Duration duration, core::Instant now) const {
    const std::uint32_t passed_ms = milliseconds(now.time_since_epoch()) - began_at_ms_;
    return std::max(duration - std::chrono::milliseconds(passed_ms), core::Duration{});
}

bool ArrivalRate::is_too_low(std::size_t bytes, core::Instant now, const Limit& limit) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    bytes_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes_ + bytes, most));
    if (!has_lasted(limit.period, now)) return false;
    const std::uint32_t passed_ms = milliseconds(now.time_since_epoch()) - began_at_ms_;
    const bool is_low = bytes_ < bytes_in(passed_ms, limit.bytes_per_second_min);
    begin(now);
    return is_low;
}

}  // namespace ringway::http
