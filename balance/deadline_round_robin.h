// Weighted round robin for groups that are too large to be looked at whole: each backend has the
// time at which its next turn is due, and a heap knows whose is first. A backend of weight w is due
// w times in a round, evenly: at (k + ½) / w. So over a round each is picked exactly as often as
// its weight says, and turns of a heavy one are spread out. O(log n) per pick. One per group and
// shard; shards start at different places of the round. Who is passed over has lost the turn, so
// nobody who comes back is owed a flood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/choice.h"
#include "balance/open_set.h"

namespace ringway::balance {

class DeadlineRoundRobin {
public:
    // Weights of 0 are no members. Only ratios count; a common factor is taken out, so that a round
    // is as short as it can be.
    DeadlineRoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start);
    void set_weights(std::span<const std::uint32_t> weights);

    // Nothing when nobody is open.
    Choice pick(const OpenSet& open);

private:
    struct Turn {
        std::uint64_t due = 0;  // Round in the upper 32 bits, place in the round in the lower.
        std::uint32_t backend;
        std::uint32_t weight;
        std::uint32_t taken;  // Turns of this round.
    };

    static constexpr std::uint64_t round_max = 65'536;

    static std::uint64_t due(std::uint64_t round, const Turn& turn);
    std::size_t take();          // From what is written down, once that is a whole round.
    std::uint32_t take_first();  // From the heap.
    std::size_t first_but_last() const;
    static bool is_before(const Turn& a, const Turn& b);
    void sink(std::size_t at);

    std::vector<std::uint32_t> weights_;
    // Four children each: fewer levels, and a cache line or two holds them.
    std::vector<Turn> heap_;
    std::uint64_t total_weight_ = 0;
    std::uint32_t last_ = 0xffff'ffff;  // Whose turn it was.
    std::uint64_t turns_in_a_row_ = 0;
    std::vector<std::uint32_t> round_;  // As far as it is written.
    std::uint64_t round_length_ = 0;    // 0: too long.
    std::size_t place_ = 0;             // Where the next turn is read.
};

}  // namespace ringway::balance
