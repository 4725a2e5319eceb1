// Two choices: of two backends drawn by weight, the one with fewer requests in flight per weight.
// Almost as good as looking at all of them, at the price of two; and shards that know the same do
// not run for the same backend, because they draw different pairs.
// In flight means over all shards, as the snapshots say. A function on tables that the picker
// keeps.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "balance/load_view.h"
#include "balance/random_pick.h"

namespace ringway::balance {

inline Choice pick_of_two(const AliasTable& by_weight, std::span<const float> weights,
                          const LoadView& load, const OpenSet& open, core::Prng& prng) {
    const Choice one = pick_random(by_weight, weights, open, prng);
    if (!one) return {};
    // Where one backend has nearly all the weight, another is not insisted on.
    Choice other;
    for (int draw = 0; draw < 4 && (!other || other == one); draw++) {
        const std::size_t drawn = by_weight.draw(prng);
        if (open.has(drawn)) other = drawn;
    }
    if (!other || other == one) return one;
    const float of_one = (load.in_flight(*one) + 1) * weights[*other];
    const float of_other = (load.in_flight(*other) + 1) * weights[*one];
    return of_other < of_one ? other : one;
}

}  // namespace ringway::balance
