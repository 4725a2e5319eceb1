// Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016): no backend has
// more than `factor` times its fair share of the requests in flight, rounded up. A key whose
// backend is at its bound goes to the next one of its own sequence, and comes back when there is
// room. The counts are those of the load view: exact where one shard is alone; with several, the
// excess is what the others have placed since their snapshots. A pure function.
#pragma once

#include <cstddef>

#include "balance/load_view.h"

namespace ringway::balance {

struct BoundedLoad {
    float factor = 0;  // At least 1, or 0: no bound.
    float total_weight = 0;
};

inline bool has_room(const BoundedLoad& bound, std::size_t backend, float weight,
                     const LoadView& load) {
    if (bound.factor <= 0) return true;
    // For whole numbers n, n + 1 ≤ ⌈x⌉ says the same as n < x.
    return load.in_flight_alike(backend) * bound.total_weight <
           bound.factor * (load.in_flight() + 1) * weight;
}

}  // namespace ringway::balance
