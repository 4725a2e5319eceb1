// A group's backends as a balancer sees them: who they are, what weight they have by now, and what
// speaks against picking one at this moment. Health, drain, limits and the operator write here; the
// algorithms only read.
//
// One per group and shard, touched by that shard's thread. Identities, tiers and zones are set at
// construction. A block counts at once. Weights, factors and lasting blocks are what tables are
// made of: they move `version`, and count from the picker's next settle.
//
// `cohorts` turns tiers and zones into shares of the picks: the one place where that is decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/index_bits.h"

namespace ringway::balance {

// What speaks against a backend. The first two come and go with requests and do not move `version`.
enum class Block : std::uint8_t {
    full = 1,         // It has all the connections it may have.
    backing_off = 2,  // It refused a connection just now.
    down = 4,         // By active checks.
    ejected = 8,      // By what its answers were like.
    draining = 16,
    disabled = 32,  // By the operator.
};

inline constexpr std::uint8_t every_block = 0xff;
// When nobody else may be picked, better one that failed a moment ago than none.
inline constexpr std::uint8_t hard_blocks =
    static_cast<std::uint8_t>(every_block & ~(static_cast<unsigned>(Block::backing_off) |
                                              static_cast<unsigned>(Block::ejected)));
inline constexpr std::uint8_t lasting_blocks =
    static_cast<std::uint8_t>(every_block & ~(static_cast<unsigned>(Block::full) |
                                              static_cast<unsigned>(Block::backing_off)));

struct Backend {
    std::uint64_t identity = 0;  // Hash of its name: the same on every ringway.
    float weight = 1;
    std::uint32_t tier = 0;  // 0 first; backups have a higher one.
    bool is_local = true;    // In our own zone, or no zones are named.
};

// Backends of one tier, and with zones of one side of it, that share a part of the picks.
struct Cohort {
    std::uint32_t tier = 0;
    bool is_local = true;
    bool has_zones = false;  // False: both sides are in it.
    double share = 1;
};

struct CohortRules {
    // A tier takes all of its share while this part of its weight may be picked; below, what is
    // missing goes to the next. The same for the own zone.
    double overflow_below = 0.7;
    bool prefers_own_zone = true;
};

class BackendSet {
public:
    explicit BackendSet(std::span<const Backend> backends);

    void block(std::size_t i, Block block);
    void unblock(std::size_t i, Block block);
    // Slow start and health: 0 to 1.
    void set_factor(std::size_t i, float factor);
    void set_weight(std::size_t i, float weight);

    std::size_t size() const { return backends_.size(); }
    const Backend& backend(std::size_t i) const { return backends_[i]; }
    float factor(std::size_t i) const { return factors_[i]; }
    bool has(std::size_t i, Block block) const {
        return (blocks_[i] & static_cast<unsigned>(block)) != 0;
    }
    std::span<const std::uint8_t> blocks() const { return blocks_; }
    // Nobody is blocked in it.
    const IndexBits& open() const { return open_; }
    std::uint64_t version() const { return version_; }

    // Configured weight of those without a lasting block, 0 for the others.
    float standing_weight(std::size_t i) const {
        return (blocks_[i] & lasting_blocks) != 0 ? 0 : backends_[i].weight;
    }
    float weight_in_force(std::size_t i) const { return standing_weight(i) * factors_[i]; }

    // By tier, the own zone before the others. Shares sum up to 1, or there is no cohort at all.
    std::vector<Cohort> cohorts(const CohortRules& rules) const;
    bool is_in(const Cohort& cohort, std::size_t i) const {
        const Backend& backend = backends_[i];
        return backend.tier == cohort.tier &&
               (!cohort.has_zones || backend.is_local == cohort.is_local);
    }

private:
    struct Strength {
        double configured = 0;
        double standing = 0;
        double part(const CohortRules& rules) const;
    };
    Strength strength(const Cohort& cohort) const;
    void split_by_zone(const Cohort& tier, const CohortRules& rules,
                       std::vector<Cohort>& cohorts) const;

    std::vector<Backend> backends_;
    std::vector<float> factors_;
    std::vector<std::uint8_t> blocks_;  // Of Block.
    IndexBits open_;
    std::uint64_t version_ = 1;
};

}  // namespace ringway::balance
