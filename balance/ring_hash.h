// Consistent hashing on a ring: each backend has points on it, as many as its weight says, and a
// key belongs to the first point at or behind its hash. When a backend leaves the list exactly its
// own keys move, each to the next point; the price is that shares are less even than Maglev's. Made
// of identities and weights: the order of the list does not matter. A table of starts beside the
// points makes a lookup a step or two instead of a search. Immutable; any thread may look up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/maglev.h"

namespace ringway::balance {

class RingHash {
public:
    static constexpr std::uint32_t points_default = 160;  // Of a backend of mean weight.
    static constexpr std::uint32_t points_total_max = 524'288;

    // REQUIRES: members have weight and distinct identities.
    RingHash(std::span<const HashMember> members, std::uint32_t points = points_default);

    std::size_t at(std::uint64_t key) const;
    std::size_t size() const { return size_; }

private:
    struct Point {
        std::uint32_t place;  // The upper half of the hash.
        std::uint32_t backend;
    };

    std::size_t size_ = 0;
    std::vector<Point> points_;  // In order around the ring, and some more of the first.
    std::vector<std::uint32_t>
        starts_;  // By the key's upper bits: the first point not before them.
    int shift_ = 0;
};

}  // namespace ringway::balance
