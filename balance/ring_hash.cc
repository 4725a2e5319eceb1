#include "balance/ring_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "balance/hash_mix.h"
#include "core/check.h"

namespace ringway::balance {

RingHash::RingHash(std::span<const HashMember> members, std::uint32_t points) {
    CHECK(!members.empty());
    double weight = 0;
    for (const HashMember& member : members) {
        CHECK(member.weight > 0);
        weight += member.weight;
    }
    const auto count = static_cast<double>(members.size());
    const double per_mean = std::min(static_cast<double>(points), points_total_max / count);
    struct Placed {
        std::uint64_t hash;
        std::uint64_t identity;
        std::uint32_t backend;
    };
    std::vector<Placed> placed;
    for (const HashMember& member : members) {
        const double wanted = std::round(per_mean * member.weight * count / weight);
        const auto own = static_cast<std::uint64_t>(std::max(wanted, 1.0));
        for (std::uint64_t point = 0; point < own; point++) {
            placed.push_back({mix(member.identity, point + 3), member.identity, member.backend});
        }
    }
    std::ranges::sort(placed, {}, [](const Placed& p) { return std::tuple{p.hash, p.identity}; });
    for (const Placed& p : placed) {
        points_.push_back({static_cast<std::uint32_t>(p.hash >> 32), p.backend});
    }

    const std::size_t starts = std::bit_ceil(points_.size());
    shift_ = 32 - std::countr_zero(starts);
    std::uint32_t first = 0;
    for (std::uint64_t start = 0; start < starts; start++) {
        while (first < points_.size() && points_[first].place < start << shift_) first++;
        starts_.push_back(first);
    }
}

std::size_t RingHash::at(std::uint64_t key) const {
    const auto place = static_cast<std::uint32_t>(key >> 32);
    std::size_t i = starts_[static_cast<std::uint64_t>(place) >> shift_];
    while (i < points_.size() && points_[i].place < place) i++;
    return points_[i < points_.size() ? i : 0].backend;
}

}  // namespace ringway::balance
