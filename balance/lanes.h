// Four numbers side by side: what compilers make vector instructions of on every processor that we
// run on (wider ones would need one program per kind). The loops that look at every backend of a
// block run over these. Rows that are read so begin where lanes may (as what a vector allocates
// does) and are padded to a multiple of four. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace ringway::balance {

inline constexpr std::size_t lane_count = 4;
using Lanes [[gnu::vector_size(16)]] = float;
using LaneBits [[gnu::vector_size(16)]] = std::int32_t;

static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= sizeof(Lanes));

constexpr std::size_t padded(std::size_t count) {
    return (count + lane_count - 1) / lane_count * lane_count;
}

// REQUIRES: a row's beginning, or a multiple of lanes behind it.
inline Lanes lanes_at(const float* row) {
    Lanes lanes;
    std::memcpy(&lanes, std::assume_aligned<sizeof lanes>(row), sizeof lanes);
    return lanes;
}
inline void store_lanes(const Lanes& lanes, float* row) {
    std::memcpy(std::assume_aligned<sizeof lanes>(row), &lanes, sizeof lanes);
}

inline Lanes smaller(const Lanes& a, const Lanes& b) {
    return a < b ? a : b;
}
inline Lanes larger(const Lanes& a, const Lanes& b) {
    return a > b ? a : b;
}

inline float sum_of(const Lanes& lanes) {
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}
inline float smallest_of(const Lanes& lanes) {
    const float low = lanes[0] < lanes[2] ? lanes[0] : lanes[2];
    const float high = lanes[1] < lanes[3] ? lanes[1] : lanes[3];
    return low < high ? low : high;
}

}  // namespace ringway::balance
