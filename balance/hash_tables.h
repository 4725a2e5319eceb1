// The consistent hash tables of a group, one for each tier. They are made of what every ringway
// knows alike: identities, tiers and weights as configured, so health does not change them, and one
// set of them serves all shards of a process. Immutable; any thread may read them, and nothing is
// locked or counted for that.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/backend_set.h"
#include "balance/hash_pick.h"
#include "balance/settings.h"

namespace ringway::balance {

class HashTables {
public:
    // REQUIRES: an algorithm that hashes.
    HashTables(const BackendSet& set, const Settings& settings);

    // They were made of these backends, with these weights.
    bool are_of(const BackendSet& set) const;
    // Null: nobody in it has weight.
    const HashPick* of_tier(std::uint32_t tier) const;

private:
    struct Source {
        std::uint64_t identity;
        std::uint32_t tier;
        float weight;
        bool operator==(const Source&) const = default;
    };
    struct Tier {
        std::uint32_t tier;
        HashPick pick;
    };
    static Source source_of(const Backend& backend);

    std::vector<Source> sources_;  // By index in the group.
    std::vector<Tier> tiers_;
};

}  // namespace ringway::balance
