#include "balance/round_robin.h"

#include <algorithm>

#include "core/check.h"

namespace ringway::balance {

RoundRobin::RoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start) {
    CHECK(!weights.empty());
    std::uint64_t cycle = 0;
    for (const std::uint32_t weight : weights) {
        entries_.push_back({.weight = weight, .credit = 0});
        cycle += weight;
    }
    CHECK(cycle > 0);
    // A cycle may be long where weights are large; a few thousand steps spread shards enough.
    constexpr std::uint64_t steps_max = 4'096;
    const auto anybody = [](std::size_t) { return true; };
    for (std::uint64_t step = start % std::min(cycle, steps_max); step > 0; step--) {
        pick_among(anybody);
    }
}

void RoundRobin::set_weights(std::span<const std::uint32_t> weights) {
    CHECK(weights.size() == entries_.size());
    for (std::size_t i = 0; i < weights.size(); i++) {
        Entry& entry = entries_[i];
        if (entry.weight == weights[i]) continue;
        // Credit is worth what the weight is: a tenth of the weight, a tenth of the credit.
        entry.credit = entry.weight > 0 ? entry.credit * weights[i] / entry.weight : 0;
        entry.weight = weights[i];
    }
}

template <class MayPick>
Choice RoundRobin::pick_among(MayPick may_pick) {
    Choice best;
    // The best of those whose turn it was not the last time. Who is owed nothing is not preferred:
    // a retry, which passes over whom it tried, would else leave the next first try to the same
    // one.
    Choice other;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < entries_.size(); i++) {
        if (entries_[i].weight == 0 || !may_pick(i)) continue;
        entries_[i].credit += entries_[i].weight;
        total += entries_[i].weight;
        if (!best || entries_[i].credit > entries_[*best].credit) best = i;
        if (last_ == i || entries_[i].credit <= 0) continue;
        if (!other || entries_[i].credit > entries_[*other].credit) other = i;
    }
    if (!best) return best;
    const std::int64_t weight = entries_[*best].weight;
    if (best == last_ && other && turns_in_a_row_ * (total - weight) >= weight) best = other;
    turns_in_a_row_ = best == last_ ? turns_in_a_row_ + 1 : 1;
    last_ = best;
    entries_[*best].credit -= total;
    return best;
}

Choice RoundRobin::pick(const OpenSet& open) {
    return pick_among([&open](std::size_t i) { return open.has(i); });
}

}  // namespace ringway::balance
