// Latencies as counts: buckets that are 1/128 of their value wide, so that a quantile is within
// 0.4 % of the exact one whatever the shape of the tail (the idea of HdrHistogram); what is under
// 256 ns is exact. Merging is adding, so threads and seconds are counted apart and put together
// afterwards. Smallest, largest and sum are exact.
// Plain data with one owner. Above 73 minutes a value counts as 73 minutes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/clock.h"

namespace ringway::loadtest {

class LatencyHistogram {
public:
    void add(core::Duration latency);
    void add(const LatencyHistogram& other);
    void clear() { *this = {}; }

    std::uint64_t count() const { return count_; }
    // The smallest value that at least `part` of all do not exceed; 0 when there is none.
    core::Duration quantile(double part) const;
    core::Duration smallest() const { return core::Duration{count_ > 0 ? smallest_ : 0}; }
    core::Duration largest() const { return core::Duration{largest_}; }
    core::Duration mean() const;

private:
    static constexpr unsigned exact_bits = 8;  // Below 2^8 a bucket is one value.
    static constexpr unsigned value_bits = 42;
    static constexpr std::size_t half = std::size_t{1} << (exact_bits - 1);
    static constexpr std::size_t bucket_count = (value_bits - exact_bits + 2) * half;

    static std::size_t bucket_of(std::uint64_t value);
    static std::int64_t middle_of(std::size_t bucket);

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
    std::int64_t smallest_ = 0;
    std::int64_t largest_ = 0;
    std::int64_t sum_ = 0;
};

// The power of two that a bucket's values share decides how far they are shifted; the upper half of
// what remains tells the bucket.
inline std::size_t LatencyHistogram::bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > exact_bits ? width - exact_bits : 0;
    return shift * half + static_cast<std::size_t>(value >> shift);
}

inline void LatencyHistogram::add(core::Duration latency) {
    constexpr std::int64_t value_max = (std::int64_t{1} << value_bits) - 1;
    const std::int64_t value = latency.count() < 0           ? 0
                               : latency.count() > value_max ? value_max
                                                             : latency.count();
    buckets_[bucket_of(static_cast<std::uint64_t>(value))]++;
    if (count_ == 0 || value < smallest_) smallest_ = value;
    if (value > largest_) largest_ = value;
    sum_ += value;
    count_++;
}

}  // namespace ringway::loadtest
