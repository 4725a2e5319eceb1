#include "balance/alias_table.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/check.h"

namespace ringway::balance {

void AliasTable::build(std::span<const float> weights) {
    cells_.clear();
    small_.clear();
    large_.clear();
    part_.assign(weights.begin(), weights.end());
    const double total = std::accumulate(part_.begin(), part_.end(), 0.0);
    if (total <= 0) return;
    const double mean = total / static_cast<double>(weights.size());
    for (std::uint32_t i = 0; i < part_.size(); i++) {
        CHECK(part_[i] >= 0);
        part_[i] /= mean;
        cells_.push_back({.keep = std::numeric_limits<std::uint32_t>::max(), .alias = i});
        (part_[i] < 1 ? small_ : large_).push_back(i);
    }
    while (!small_.empty() && !large_.empty()) {
        const std::uint32_t small = small_.back();
        const std::uint32_t large = large_.back();
        small_.pop_back();
        cells_[small] = {.keep = static_cast<std::uint32_t>(part_[small] * 0x1p32), .alias = large};
        part_[large] -= 1 - part_[small];
        if (part_[large] >= 1) continue;
        large_.pop_back();
        small_.push_back(large);
    }
    // What is left is 1 but for rounding, unless it has no weight at all.
    const auto heaviest =
        static_cast<std::uint32_t>(std::ranges::max_element(weights) - weights.begin());
    for (const std::uint32_t i : small_) {
        if (weights[i] <= 0) cells_[i] = {.keep = 0, .alias = heaviest};
    }
}

}  // namespace ringway::balance
