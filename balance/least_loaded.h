// The backend on which one more request costs least: (requests in flight + 1) × cost, with cost
// 1 / weight for least connections and latency / weight for least time. Ties are broken by chance.
//
// With other shards, what is compared is the load expected by now. Of what the snapshots saw, a
// share exp(−age / latency) is still in flight. The rest has finished, and as many new requests
// have come to the other shards; each put its own where it saw least load, so they are poured over
// the backends like water: the lowest fill up to one level. A pick draws how far the pouring has
// come, because snapshots of all ages are out there; so shards that know the same do not all run
// for the same backend. Fresh snapshots make this the exact minimum. Old ones make the others' part
// flat, and the own requests decide. See README.md and the study in loadtest.
//
// At most 64 backends are compared. A larger group is cut into blocks of about 32, of which a pick
// draws one by weight. One per group and shard; weights, prices and paces are set between picks,
// by the picker's settle. A pick allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/alias_table.h"
#include "balance/choice.h"
#include "balance/load_view.h"
#include "balance/open_set.h"
#include "core/prng.h"

namespace ringway::balance {

class LeastLoaded {
public:
    explicit LeastLoaded(std::size_t backends);

    // Weight 0: not a member.
    void set_weights(std::span<const float> weights);
    // How much dearer a request is here than elsewhere; 1 for all until told otherwise.
    void set_price(std::size_t backend, float price);
    // How much faster than the group's mean its requests go, as far as snapshots grow old by it.
    void set_pace(std::size_t backend, float pace) { pace_[backend] = pace; }

    Choice pick(const LoadView& load, const OpenSet& open, core::Instant now, core::Prng& prng);

    // What `pick` compares, for explaining it: the middle of what it may draw.
    float score(std::size_t backend, const LoadView& load, core::Instant now) const;

private:
    static constexpr std::size_t block_max = 64;
    static constexpr std::size_t block_usual = 32;
    struct Block {
        std::size_t first;  // A multiple of the lanes, and so is the end.
        std::size_t end;
        float members = 0;        // How many may be picked,
        float width_inverse = 0;  // and 1 / Σ capacity of them.
    };
    // How much of what a snapshot saw is there still. It changes slowly against picks.
    struct Fading {
        float survivors = 1;
        // Of our own published requests: what others have answered, and is there.
        float answered = 1;
    };
    struct Scores {
        std::array<float, block_max> of;  // Written before it is read, as far as the block goes.
        float least;
    };

    Choice pick_in(const Block& block, Scores& scores, const OpenSet& open, core::Prng& prng) const;
    Choice search(std::size_t first_block, const LoadView& load, const OpenSet& open) const;
    void score_block(const Block& block, const LoadView& load, const Fading& fading, float pouring,
                     Scores& scores) const;
    static Fading fading_at(const LoadView& load, core::Instant now);
    void fade(const LoadView& load, core::Instant now);
    void score_own(const Block& block, const LoadView& load, Scores& scores) const;
    void update_cost(std::size_t backend);
    void measure(Block& block);

    std::size_t backends_;
    std::vector<Block> blocks_;
    Fading fading_;
    core::Instant faded_from_{};   // For which `fading_` is right: snapshots of this time,
    core::Instant faded_until_{};  // until now.
    AliasTable by_weight_;         // Of blocks.
    std::vector<float> weight_;    // These are padded for lanes.
    std::vector<float> price_;
    std::vector<float> cost_;      // price / weight; infinite for who is no member.
    std::vector<float> capacity_;  // weight / price.
    std::vector<float> pace_;
};

}  // namespace ringway::balance
