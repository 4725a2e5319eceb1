// Maglev's lookup table (Eisenbud and others, NSDI 2016): each backend has its own order in which
// it would like to take the cells of a table, and they take one in turn, by weight, until it is
// full. A key's hash names a cell. All backends have almost the same number of keys per weight, and
// when one leaves the list few keys beyond its own move. Made of identities and weights, in the
// order of identities: the order of the list does not matter. Immutable; a lookup is one load, and
// any thread may make it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::balance {

// What a table is made of. `backend` is what it answers.
struct HashMember {
    std::uint64_t identity = 0;
    float weight = 1;
    std::uint32_t backend = 0;
};

class Maglev {
public:
    static constexpr std::uint32_t size_default = 65'537;

    // The table has the next prime from `size` on. REQUIRES: members have weight, and distinct
    // identities; at most 65,535 of them, and fewer than `size`.
    Maglev(std::span<const HashMember> members, std::uint32_t size = size_default);

    std::size_t at(std::uint64_t key) const { return backends_[cells_[cell_of(key)]]; }
    std::size_t size() const { return cells_.size(); }
    std::span<const std::uint16_t> cells() const { return cells_; }

private:
    // The key's upper bits, spread over the cells: a multiplication where a remainder would divide.
    std::size_t cell_of(std::uint64_t key) const { return ((key >> 32) * cells_.size()) >> 32; }
    void fill(std::span<const HashMember> members);

    std::vector<std::uint16_t> cells_;     // Indexes into backends_.
    std::vector<std::uint32_t> backends_;  // By rank of identity.
};

}  // namespace ringway::balance
