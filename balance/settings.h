// What a group's configuration says about balancing. Plain values with the defaults that hold when
// the file says nothing; config fills them in, shards hand them to a Picker. Immutable in a
// generation, any thread.
#pragma once

#include <cstdint>

#include "balance/algorithm.h"
#include "balance/backend_set.h"
#include "balance/ip_hash.h"
#include "balance/maglev.h"
#include "balance/ring_hash.h"
#include "balance/slow_start.h"

namespace ringway::balance {

struct Settings {
    Algorithm algorithm = Algorithm::round_robin;
    std::uint32_t maglev_size = Maglev::size_default;
    std::uint32_t ring_points = RingHash::points_default;
    float load_bound = 0;  // For algorithms that hash: at least 1, or 0 for none.
    IpPrefixes prefixes{};
    CohortRules cohorts{};
    SlowStart slow_start{};
};

}  // namespace ringway::balance
