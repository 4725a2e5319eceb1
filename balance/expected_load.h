// What load a block of backends is expected to have by now, worked out of snapshots that have grown
// old. Of what they saw, a share exp(−age / latency) is still in flight. The rest has finished, and
// as many new requests have come to the other shards; each put its own where it saw least load, so
// they are poured over the backends like water: the lowest fill up to one level.
//
// `expect` does this once for snapshots that do not change, and keeps it in rows: where the ground
// of each backend is, and between which levels the water rises. A pick draws its level from these
// in a few nanoseconds. Pure functions over the rows of LeastLoaded; on its thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "balance/load_view.h"
#include "core/clock.h"

namespace ringway::balance {

// Dearer than anything that can be; finite, so that no arithmetic on it makes a NaN.
inline constexpr float no_member = 1e30F;

// How much of what a snapshot saw is there still.
struct Fading {
    float survivors = 1;
    // Of our own published requests: what others have answered, and is there.
    float answered = 1;
};

Fading fading_of(const LoadView& load, core::Instant now);

// A block of backends, by lanes. Costs are per request, capacities are 1 / cost; who is no member
// costs `no_member` and has no capacity.
struct BlockRows {
    const float* seen;  // In flight, as the snapshots said, ours included.
    const float* published;
    const float* cost;
    const float* capacity;
    const float* pace;
    float* ground;     // Written by `expect`: cost of one request more on top of what is left,
    float* accounted;  // and of those of ours that are in what is left, or were answered.
    std::size_t size;
};

// The water rises from `low`, where there is none, to `high`, where all of `amount` is poured.
struct Water {
    float low = 0;
    float high = 0;
    float amount = 0;  // Requests.
    float widest = 0;  // The largest capacity.
    float drawn = 0;   // By the last draw.
};

void expect(const BlockRows& rows, const Fading& fading, Water& water);

// The level when `amount` is poured; `from` is not below it.
float level_of(const BlockRows& rows, float amount, float from);

// Moves `water.drawn`. What has been poured is to be drawn evenly between nothing and all, so a
// level is to be as likely as the basin is wide there: a point is thrown at the basin, and where it
// falls into the water its height is the level. Where not, the level before is used once more,
// which leaves each as likely as it was (Metropolis and Hastings), and nothing has to be solved.
inline void draw_level(const BlockRows& rows, Water& water, std::uint64_t random) {
    const float depth = water.high - water.low;
    if (depth <= 0) return;
    const auto part_of_one = [](std::uint64_t bits) {
        return static_cast<float>(bits & 0xff'ffff) * 0x1p-24F;
    };
    const std::size_t i = ((random >> 48) * rows.size) >> 16;
    const float height = water.low + depth * part_of_one(random >> 24);
    const bool is_within = rows.capacity[i] >= water.widest * part_of_one(random);
    // No jumps, which would be guessed wrong.
    const auto is_wet = static_cast<float>(is_within & (rows.ground[i] <= height));
    water.drawn += is_wet * (height - water.drawn);
}

}  // namespace ringway::balance
