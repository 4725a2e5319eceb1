// Smooth weighted round robin: over a whole cycle each backend is picked exactly as often as its
// weight says, and picks of a heavy backend are spread out rather than bunched: weight w of W is
// picked ⌈w / (W − w)⌉ times in a row at most, which is once up to half of the weight. A pure
// function of who is open and its own position.
// It looks at every backend: for groups of up to 64; DeadlineRoundRobin is for larger ones.
// One per group and shard; shards start at different positions so that they do not march in step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/choice.h"
#include "balance/open_set.h"

namespace ringway::balance {

class RoundRobin {
public:
    // REQUIRES: at least one weight, not all 0.
    RoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start);

    // Who keeps a weight keeps its place in the turn. Weight 0: not a member.
    void set_weights(std::span<const std::uint32_t> weights);

    // Nothing when nobody is open.
    Choice pick(const OpenSet& open);

    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::int64_t weight;
        std::int64_t credit;  // Grows by its weight with every pick; the largest is picked.
    };

    template <class MayPick>
    Choice pick_among(MayPick may_pick);

    std::vector<Entry> entries_;
    Choice last_;  // Whose turn it was.
    std::int64_t turns_in_a_row_ = 0;
};

}  // namespace ringway::balance
