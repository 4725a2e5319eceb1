// Picks by chance and weight, with no memory. What random and two choices are made of: a draw that
// falls on somebody who may not be picked is drawn again, which is right as long as most may; after
// that the members are looked at in order from where the last draw fell.
// Functions on tables that the picker keeps; they allocate nothing.
#pragma once

#include <cstddef>
#include <span>

#include "balance/alias_table.h"
#include "balance/choice.h"
#include "balance/open_set.h"
#include "core/prng.h"

namespace ringway::balance {

inline constexpr int draws_max = 32;

// The first member that is open from index `from` on, around the end.
inline Choice first_open(std::span<const float> weights, std::size_t from, const OpenSet& open) {
    for (std::size_t step = 0; step < weights.size(); step++) {
        const std::size_t i =
            from + step < weights.size() ? from + step : from + step - weights.size();
        if (weights[i] > 0 && open.has(i)) return i;
    }
    return {};
}

inline Choice pick_random(const AliasTable& by_weight, std::span<const float> weights,
                          const OpenSet& open, core::Prng& prng) {
    if (by_weight.empty()) return {};
    for (int draw = 0; draw < draws_max; draw++) {
        const std::size_t drawn = by_weight.draw(prng);
        if (open.has(drawn)) return drawn;
    }
    return first_open(weights, by_weight.draw(prng), open);
}

}  // namespace ringway::balance
