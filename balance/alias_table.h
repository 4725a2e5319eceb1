// Draws an index with a probability in proportion to its weight, in constant time: Walker's alias
// method, built as Vose describes. Each cell holds one index and the chance that another one is
// taken in its stead. Built once a tick at most, O(n); a draw is one random number and one cell.
// One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/prng.h"

namespace ringway::balance {

class AliasTable {
public:
    // Weights of 0 are never drawn. Negative ones are not allowed.
    void build(std::span<const float> weights);

    bool empty() const { return cells_.empty(); }
    std::size_t size() const { return cells_.size(); }

    // REQUIRES: not empty.
    std::size_t draw(core::Prng& prng) const { return at(prng()); }
    // The same from a number that is drawn already, for example a key's hash.
    std::size_t at(std::uint64_t number) const {
        // The upper half chooses the cell, the lower half what is taken of it.
        const std::uint64_t cell = ((number >> 32) * cells_.size()) >> 32;
        const Cell& taken = cells_[cell];
        // A coin that falls either way: a jump would be guessed wrong, so there is none.
        const std::uint64_t is_alias = static_cast<std::uint32_t>(number) >= taken.keep ? 1 : 0;
        return cell ^ ((cell ^ taken.alias) & (0 - is_alias));
    }

private:
    struct Cell {
        std::uint32_t keep;   // Out of 2^32.
        std::uint32_t alias;  // Its own index where it is always kept.
    };

    std::vector<Cell> cells_;   // Empty when all weights are 0.
    std::vector<double> part_;  // While it is built.
    std::vector<std::uint32_t> small_;
    std::vector<std::uint32_t> large_;
};

}  // namespace ringway::balance
