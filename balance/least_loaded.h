// The backend on which one more request costs least: (requests in flight + 1) × cost, with cost
// 1 / weight for least connections and latency / weight for least time. Ties are broken by chance.
//
// With other shards, what is compared is the load expected by now (expected_load.h). A pick draws
// how far the pouring has come, because snapshots of all ages are out there; so shards that know
// the same do not all run for the same backend. Fresh snapshots make this the exact minimum. Old
// ones make the others' part flat, and the own requests decide. See README.md and the study in
// loadtest.
//
// At most 64 backends are compared. A larger group is cut into blocks of about 32, of which a pick
// draws one by weight. What does not change between picks is worked out once and kept. One per
// group and shard; weights, prices and paces are set between picks, by the picker's settle. A pick
// allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/alias_table.h"
#include "balance/choice.h"
#include "balance/expected_load.h"
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
    void set_pace(std::size_t backend, float pace);

    Choice pick(const LoadView& load, const OpenSet& open, core::Instant now, core::Prng& prng);

    // What `pick` compares, for explaining it: the middle of what it may draw.
    float score(std::size_t backend, const LoadView& load, core::Instant now) const;

private:
    static constexpr std::size_t block_max = 64;
    static constexpr std::size_t block_usual = 32;
    struct Block {
        std::size_t first;  // A multiple of the lanes, and so is the end.
        std::size_t end;
        std::uint64_t expected_in = 0;  // The epoch that `water` and the rows are right for.
        Water water{};
    };

    struct Kept {  // Where `expect` writes.
        float* ground;
        float* accounted;
    };

    BlockRows rows(const Block& block, const LoadView& load, const Kept& kept) const;
    float level_now(Block& block, const LoadView& load, core::Instant now, std::uint64_t random);
    void renew(Block& block, const LoadView& load, std::uint64_t random);
    void begin_epoch(const LoadView& load, core::Instant now);
    Choice least_of(const Block& block, const LoadView& load, float level,
                    std::uint64_t random) const;
    Choice least_open(const Block& block, const LoadView& load, const OpenSet& open, float level,
                      core::Prng& prng) const;
    void update_cost(std::size_t backend);
    Block& block_of(std::size_t backend);

    std::size_t backends_;
    std::vector<Block> blocks_;
    std::size_t units_max_ = 0;  // Lanes of the largest block; no other has two fewer.
    // While an epoch lasts, the same load is expected: until there are other snapshots, or those
    // that there are have grown noticeably older.
    std::uint64_t epoch_ = 0;
    std::uint64_t load_version_ = 0;
    core::Instant epoch_ends_{};
    Fading fading_;
    AliasTable by_weight_;       // Of blocks.
    std::vector<float> weight_;  // These are padded for lanes.
    std::vector<float> price_;
    std::vector<float> cost_;      // price / weight; `no_member` for who is none.
    std::vector<float> capacity_;  // weight / price.
    std::vector<float> pace_;
    std::vector<float> ground_;  // See BlockRows.
    std::vector<float> accounted_;
};

}  // namespace ringway::balance
