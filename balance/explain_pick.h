// Why a pick falls where it falls: of every backend of a group what the picker sees of it, what
// speaks against it, and which share of many picks it would get. For people, not for requests:
// `ringway route --pick` asks offline, with everybody up and nothing in flight; with the set, the
// load view and the picker of a shard the answer is that of the moment.
//
// A pure function. It picks with a copy of the picker on a copy of the load view, so nothing moves:
// no turn is taken, no allowance is used up. It allocates, and takes some 30 ns per pick it tries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "balance/backend_set.h"
#include "balance/load_view.h"
#include "balance/picker.h"
#include "core/clock.h"

namespace ringway::balance {

// What keeps a backend from being picked, besides its blocks.
enum class Against : std::uint8_t {
    no_weight = 1,   // Its weight in force is 0.
    tried = 2,       // For this request already.
    standby = 4,     // The tiers, or the zone, that come before it are enough.
    slow_start = 8,  // It has had its part of the picks for now.
    load_bound = 16,
};

std::string_view name_of(Against against);

struct PickCandidate {
    float weight = 0;  // As configured.
    float weight_in_force = 0;
    std::uint32_t own_in_flight = 0;
    std::uint32_t others_in_flight = 0;  // On the other shards, as far as they have said.
    float latency_us = 0;                // 0: not known.
    // What the algorithm compares; the least is picked. Nothing where it compares nothing.
    std::optional<float> score = {};
    std::uint8_t blocks = 0;   // Of Block.
    std::uint8_t against = 0;  // Of Against.
    double share = 0;          // Of the picks tried.
};

struct PickExplanation {
    std::vector<PickCandidate> candidates;  // By index in the group.
    // For the key; without one the next pick, or nobody where the key decides.
    Choice picked;
};

struct PickToExplain {
    const BackendSet& set;
    const LoadView& load;
    const Picker& picker;
    std::optional<std::uint64_t> key = {};  // For algorithms that hash.
    std::span<const std::uint32_t> excluded = {};
    core::Instant now{};
    std::uint64_t seed = 1;
    std::uint32_t tries = 100'000;  // For the shares, with random keys.
};

// While shares are found out so many requests per backend are in flight beside those there are,
// and the oldest ends when another comes: else the least loaded one would get everything.
inline constexpr std::size_t tried_in_flight_each = 8;

PickExplanation explain_pick(const PickToExplain& asked);

}  // namespace ringway::balance
