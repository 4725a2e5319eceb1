// The algorithms a group can ask for, and the names they have in a configuration file. A name is a
// promise: it is never given to something else. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::balance {

enum class Algorithm : std::uint8_t {
    round_robin,        // In turn, smoothly by weight.
    random,             // By weight, no memory.
    least_connections,  // Fewest requests in flight per weight, over all shards.
    power_of_two,       // The less loaded of two drawn by weight.
    least_time,         // Mean latency × requests in flight.
    peak_ewma,          // The same with a latency that rises at once and forgets slowly.
    ip_hash,            // The client's network, by consistent hash.
    ring_hash,          // Consistent hash: points on a ring (ketama's idea).
    maglev,             // Consistent hash: a table, as Google's Maglev fills it.
    first,              // Fill the first before the second.
};

// "unknown" for a value that is none.
std::string_view name_of(Algorithm algorithm);
std::optional<Algorithm> algorithm_named(std::string_view name);

// Picks by a key that the caller hashes.
bool is_hash(Algorithm algorithm);

}  // namespace ringway::balance
