// Picks by key from a consistent table, Maglev's or the ring. The table knows nothing of health: a
// key whose backend may not be picked asks again with its next hash, and again, so its keys go to
// all the others by weight, nobody else's keys move, and they come back with it. The sequence of
// hashes is the key's own and the same on every ringway.
// A backend whose factor is below 1 takes that part of its keys, always the same ones.
// One per tier, in HashTables; built when weights are configured, not when health changes.
// Immutable; any thread may ask it about its own view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "balance/backend_set.h"
#include "balance/bounded_load.h"
#include "balance/choice.h"
#include "balance/maglev.h"
#include "balance/open_set.h"
#include "balance/ring_hash.h"

namespace ringway::balance {

using HashTable = std::variant<Maglev, RingHash>;

class HashPick {
public:
    struct Request {
        std::uint64_t key = 0;
        const BackendSet& set;
        const LoadView& load;
        const OpenSet& open;
        BoundedLoad bound{};
    };

    explicit HashPick(HashTable table) : table_(std::move(table)) {}

    // Nothing when nobody was found in so many tries: the caller looks at all of them.
    Choice pick(const Request& request) const;

private:
    HashTable table_;
};

}  // namespace ringway::balance
