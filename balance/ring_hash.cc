#include "balance/ring_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "balance/hash_mix.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

// Points that are looked at together: there is about one to a start.
constexpr std::size_t step = 4;

}  // namespace

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
    size_ = points_.size();

    const std::size_t starts = std::bit_ceil(size_);
    shift_ = 32 - std::countr_zero(starts);
    std::uint32_t first = 0;
    for (std::uint64_t start = 0; start < starts; start++) {
        while (first < size_ && points_[first].place < start << shift_) first++;
        starts_.push_back(first);
    }
    // Behind the last one comes the first, and no place is behind that.
    for (std::size_t k = 0; k < step; k++) points_.push_back({0xffff'ffff, points_[0].backend});
}

std::size_t RingHash::at(std::uint64_t key) const {
    const auto place = static_cast<std::uint32_t>(key >> 32);
    std::size_t i = starts_[static_cast<std::uint64_t>(place) >> shift_];
    // How many points lie before it is a coin, and a jump on it would be guessed wrong: they are
    // counted, and hardly ever more have to be looked for.
    std::size_t before = step;
    while (before == step) {
        before = 0;
        for (std::size_t k = 0; k < step; k++) before += points_[i + k].place < place ? 1 : 0;
        i += before;
    }
    return points_[i].backend;
}

}  // namespace ringway::balance
