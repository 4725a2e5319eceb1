// Smooth weighted round robin: over a whole cycle each backend is picked exactly as often as its
// weight says, and picks of a heavy backend are spread out rather than bunched. A pure function of
// the eligibility it is shown and its own position.
// One per group and shard; shards start at different positions so that they do not march in step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ringway::balance {

class RoundRobin {
public:
    // REQUIRES: at least one weight; weights are positive.
    RoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start);

    // `eligible[i]` says whether backend i may be picked. `excluded` is picked only when nobody
    // else may be. Nothing when nobody is eligible.
    std::optional<std::size_t> pick(std::span<const std::uint8_t> eligible,
                                    std::optional<std::size_t> excluded = {});

    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::int64_t weight;
        std::int64_t credit;  // Grows by its weight with every pick; the largest is picked.
    };

    std::vector<Entry> entries_;
};

}  // namespace ringway::balance
