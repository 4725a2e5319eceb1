#include "balance/round_robin.h"

#include <algorithm>

#include "core/check.h"

namespace ringway::balance {

RoundRobin::RoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start) {
    CHECK(!weights.empty());
    std::uint64_t cycle = 0;
    for (const std::uint32_t weight : weights) {
        CHECK(weight > 0);
        entries_.push_back({.weight = weight, .credit = 0});
        cycle += weight;
    }
    // A cycle may be long where weights are large; a few thousand steps spread shards enough.
    constexpr std::uint64_t steps_max = 4'096;
    const std::vector<std::uint8_t> all(weights.size(), 1);
    for (std::uint64_t step = start % std::min(cycle, steps_max); step > 0; step--) pick(all);
}

std::optional<std::size_t> RoundRobin::pick(std::span<const std::uint8_t> eligible,
                                            std::optional<std::size_t> excluded) {
    CHECK(eligible.size() == entries_.size());
    std::optional<std::size_t> best;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < entries_.size(); i++) {
        if (eligible[i] == 0 || i == excluded) continue;
        entries_[i].credit += entries_[i].weight;
        total += entries_[i].weight;
        if (!best || entries_[i].credit > entries_[*best].credit) best = i;
    }
    if (best) {
        entries_[*best].credit -= total;
        return best;
    }
    if (excluded && eligible[*excluded] != 0) return excluded;
    return {};
}

}  // namespace ringway::balance
