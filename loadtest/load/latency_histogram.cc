#include "loadtest/load/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace ringway::loadtest {

void LatencyHistogram::add(const LatencyHistogram& other) {
    if (other.count_ == 0) return;
    for (std::size_t i = 0; i < buckets_.size(); i++) buckets_[i] += other.buckets_[i];
    smallest_ = count_ == 0 ? other.smallest_ : std::min(smallest_, other.smallest_);
    largest_ = std::max(largest_, other.largest_);
    sum_ += other.sum_;
    count_ += other.count_;
}

std::int64_t LatencyHistogram::middle_of(std::size_t bucket) {
    if (bucket < 2 * half) return static_cast<std::int64_t>(bucket);
    const std::size_t shift = bucket / half - 1;
    const std::size_t first = (half + bucket % half) << shift;
    return static_cast<std::int64_t>(first + (std::size_t{1} << shift) / 2);
}

core::Duration LatencyHistogram::quantile(double part) const {
    if (count_ == 0) return {};
    const auto rank = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
    const std::uint64_t wanted = std::clamp<std::uint64_t>(rank, 1, count_);
    if (wanted == count_) return largest();
    std::uint64_t passed = 0;
    std::size_t bucket = 0;
    while ((passed += buckets_[bucket]) < wanted) bucket++;
    return core::Duration{std::clamp(middle_of(bucket), smallest_, largest_)};
}

core::Duration LatencyHistogram::mean() const {
    return core::Duration{count_ == 0 ? 0 : sum_ / static_cast<std::int64_t>(count_)};
}

}  // namespace ringway::loadtest
