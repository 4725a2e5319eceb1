// Hashes made of hashes: what consistent hashing needs beyond the key itself. These are fixed for
// ever, like core/hash.h: two ringways with the same list must agree, whatever their releases.
// Golden vectors are in the tests of the tables. Pure functions.
#pragma once

#include <cstdint>

#include "core/prng.h"

namespace ringway::balance {

// Two numbers into one that shows neither.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    std::uint64_t seed = a ^ (b * 0x9fb2'1c65'1e98'df25);
    return core::Prng::splitmix(seed);
}

// At least 0, less than 1.
inline double unit(std::uint64_t hash) {
    return static_cast<double>(hash >> 11) * 0x1p-53;
}

}  // namespace ringway::balance
