#include "balance/least_loaded.h"

#include <algorithm>
#include <bit>

#include "balance/lanes.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

// Dearer than anything that can be; finite, so that no arithmetic on it makes a NaN.
constexpr float no_member = 1e30F;
constexpr float too_dear = 1e29F;
// Scores that differ by less are equal: the sums are rounded, and loads are whole numbers.
constexpr float tie = 1e-5F;
// The level of the water is found by coming down to it; each step leaves out who is above. It is
// close after three or four, and a little too high does no harm.
constexpr int level_steps_max = 6;

// Requests that others placed in answer to what we published are only there when snapshots are
// young against a request's life. Beyond twice that life nobody acts on them any more.
float answered(core::Duration age, float latency_us) {
    const float lives = static_cast<float>(age.count()) * 1e-3F / latency_us;
    return std::max(0.0F, 1 - lives / 2);
}

struct Pour {
    float amount;  // Requests to be poured.
    float gone;    // Of a request that a snapshot saw, at the group's pace.
};

// One shard's view of a block, by lanes.
struct Rows {
    const float* own;
    const float* seen;
    const float* published;
    const float* cost;
    const float* capacity;
    const float* pace;
    std::size_t size;
};

// The part of what the snapshots saw that has gone.
Lanes lost(const Rows& rows, std::size_t i, float gone) {
    return smaller(lanes_at(rows.pace + i) * gone, Lanes{} + 1.0F);
}
Lanes left(const Rows& rows, std::size_t i, float gone) {
    return lanes_at(rows.seen + i) * (1.0F - lost(rows, i, gone));
}

// What all of a block adds up to.
struct Sums {
    float left;
    float others_gone;
};

Sums add_up(const Rows& rows, float gone) {
    Lanes remaining{};
    Lanes replaced{};
    for (std::size_t i = 0; i < rows.size; i += lane_count) {
        const Lanes seen = lanes_at(rows.seen + i);
        const Lanes part = lost(rows, i, gone);
        remaining += seen * (1.0F - part);
        replaced += (seen - lanes_at(rows.published + i)) * part;
    }
    return {.left = sum_of(remaining), .others_gone = sum_of(replaced)};
}

// The level up to which `pour` fills the backends: the root of Σ max(0, level × capacity − load −
// 1) = amount. Coming from above, each step leaves out the backends that stand out of the water.
float level_of(const Rows& rows, const Pour& pour, float level) {
    for (int step = 0; step < level_steps_max; step++) {
        Lanes content{};
        Lanes width{};
        for (std::size_t i = 0; i < rows.size; i += lane_count) {
            const Lanes wide = lanes_at(rows.capacity + i);
            const Lanes load = left(rows, i, pour.gone) + 1.0F;
            const LaneBits is_under = load < wide * level;
            content += is_under ? load : Lanes{};
            width += is_under ? wide : Lanes{};
        }
        const float total_width = sum_of(width);
        if (total_width <= 0) return level;
        const float lower = (pour.amount + sum_of(content)) / total_width;
        if (lower >= level * (1 - tie)) return level;
        level = lower;
    }
    return level;
}

// A bit for every score up to `bound`: sixteen for each lane, lane by lane.
std::uint64_t ties_of(std::span<const float> scores, float bound) {
    LaneBits ties{};
    LaneBits bit = LaneBits{} + 1;
    for (std::size_t i = 0; i < scores.size(); i += lane_count) {
        ties |= (lanes_at(&scores[i]) <= bound) & bit;
        bit += bit;
    }
    std::uint64_t bits = 0;
    for (std::size_t lane = 0; lane < lane_count; lane++) {
        bits |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(ties[lane])) << (16 * lane);
    }
    return bits;
}

// The index of the score that a bit of those stands for.
std::size_t index_of(std::size_t bit) {
    return bit % 16 * lane_count + bit / 16;
}

// Without the processor's own instruction std::popcount is a call.
std::uint64_t count_of(std::uint64_t bits) {
    bits -= (bits >> 1) & 0x5555'5555'5555'5555;
    bits = (bits & 0x3333'3333'3333'3333) + ((bits >> 2) & 0x3333'3333'3333'3333);
    bits = (bits + (bits >> 4)) & 0x0f0f'0f0f'0f0f'0f0f;
    return (bits * 0x0101'0101'0101'0101) >> 56;
}

// The n-th of the bits that are set.
std::size_t set_bit(std::uint64_t bits, std::uint64_t n) {
    for (; n > 0; n--) bits &= bits - 1;
    return static_cast<std::size_t>(std::countr_zero(bits));
}

}  // namespace

LeastLoaded::LeastLoaded(std::size_t backends)
    : backends_(backends),
      weight_(padded(backends)),
      price_(padded(backends), 1),
      cost_(padded(backends), no_member),
      capacity_(padded(backends)),
      pace_(padded(backends), 1) {
    CHECK(backends > 0);
    const std::size_t units = padded(backends) / lane_count;
    const std::size_t count =
        padded(backends) <= block_max ? 1 : (backends + block_usual - 1) / block_usual;
    for (std::size_t k = 0; k < count; k++) {
        blocks_.push_back(
            {.first = units * k / count * lane_count, .end = units * (k + 1) / count * lane_count});
    }
}

void LeastLoaded::set_weights(std::span<const float> weights) {
    CHECK(weights.size() == backends_);
    for (std::size_t i = 0; i < backends_; i++) {
        if (weight_[i] == weights[i]) continue;
        weight_[i] = weights[i];
        update_cost(i);
    }
    std::vector<float> of_blocks;
    for (Block& block : blocks_) {
        measure(block);
        float weight = 0;
        for (std::size_t i = block.first; i < block.end; i++) weight += weight_[i];
        of_blocks.push_back(weight);
    }
    by_weight_.build(of_blocks);
}

void LeastLoaded::set_price(std::size_t backend, float price) {
    price_[backend] = price;
    update_cost(backend);
    measure(*std::ranges::upper_bound(blocks_, backend, {}, &Block::end));
}

void LeastLoaded::measure(Block& block) {
    float width = 0;
    block.members = 0;
    for (std::size_t i = block.first; i < block.end; i++) {
        width += capacity_[i];
        block.members += capacity_[i] > 0 ? 1.0F : 0.0F;
    }
    block.width_inverse = width > 0 ? 1 / width : 0;
}

void LeastLoaded::update_cost(std::size_t backend) {
    const bool is_member = weight_[backend] > 0;
    cost_[backend] = is_member ? price_[backend] / weight_[backend] : no_member;
    capacity_[backend] = is_member ? weight_[backend] / price_[backend] : 0;
}

Choice LeastLoaded::pick(const LoadView& load, const OpenSet& open, core::Instant now,
                         core::Prng& prng) {
    std::size_t chosen = 0;
    if (blocks_.size() > 1) {
        if (by_weight_.empty()) return {};
        chosen = by_weight_.draw(prng);
    }
    Scores scores;
    if (load.has_others()) {
        fade(load, now);
        score_block(blocks_[chosen], load, fading_, static_cast<float>(prng.real()), scores);
    } else {
        score_own(blocks_[chosen], load, scores);
    }
    const Choice picked = pick_in(blocks_[chosen], scores, open, prng);
    if (picked || blocks_.size() == 1) return picked;
    return search(chosen, load, open);
}

LeastLoaded::Fading LeastLoaded::fading_at(const LoadView& load, core::Instant now) {
    const float survivors = load.survivors(now);
    if (survivors >= 1) return {};
    return {survivors, survivors * answered(load.age(now), load.latency_us())};
}

void LeastLoaded::fade(const LoadView& load, core::Instant now) {
    if (load.made_at() == faded_from_ && now < faded_until_) return;
    fading_ = fading_at(load, now);
    faded_from_ = load.made_at();
    // A 64th of a request's life makes no difference.
    faded_until_ = now + core::Duration{static_cast<std::int64_t>(load.latency_us() * 1e3F / 64)};
}

void LeastLoaded::score_own(const Block& block, const LoadView& load, Scores& scores) const {
    Lanes least = Lanes{} + no_member;
    for (std::size_t i = block.first; i < block.end; i += lane_count) {
        const Lanes score = (lanes_at(load.own() + i) + 1.0F) * lanes_at(&cost_[i]);
        store_lanes(score, &scores.of[i - block.first]);
        least = smaller(score, least);
    }
    scores.least = smallest_of(least);
}

void LeastLoaded::score_block(const Block& block, const LoadView& load, const Fading& fading,
                              float pouring, Scores& scores) const {
    const Rows rows{.own = load.own() + block.first,
                    .seen = load.seen_total() + block.first,
                    .published = load.published_row() + block.first,
                    .cost = &cost_[block.first],
                    .capacity = &capacity_[block.first],
                    .pace = &pace_[block.first],
                    .size = block.end - block.first};
    const float gone = 1 - fading.survivors;
    const Sums sums = add_up(rows, gone);
    const Pour pour{.amount = sums.others_gone * pouring, .gone = gone};
    // If all were under water, this would be the level: it is no higher.
    const float all = (pour.amount + sums.left + block.members) * block.width_inverse;
    const float level = level_of(rows, pour, all);
    const Lanes water = Lanes{} + level;
    Lanes least = Lanes{} + no_member;
    for (std::size_t i = 0; i < rows.size; i += lane_count) {
        const Lanes cost = lanes_at(rows.cost + i);
        const Lanes seen = (left(rows, i, gone) + 1.0F) * cost;
        // Of its own no more is taken off than is in there: a backend's requests may fade faster
        // than the group's. So scores stay above 0.
        const Lanes mine = smaller(1.0F - lost(rows, i, gone), Lanes{} + fading.answered);
        const Lanes since = lanes_at(rows.own + i) - lanes_at(rows.published + i) * mine;
        const Lanes score = larger(seen, water) + since * cost;
        store_lanes(score, &scores.of[i]);
        least = smaller(score, least);
    }
    scores.least = smallest_of(least);
}

Choice LeastLoaded::pick_in(const Block& block, Scores& scores, const OpenSet& open,
                            core::Prng& prng) const {
    const std::size_t size = block.end - block.first;
    while (scores.least < too_dear) {
        // Scores are above 0: a request costs something.
        const std::uint64_t ties = ties_of({scores.of.data(), size}, scores.least * (1 + tie));
        const std::uint64_t count = count_of(ties);
        const std::size_t i = index_of(set_bit(ties, count > 1 ? prng.uniform(count) : 0));
        if (open.has(block.first + i)) return block.first + i;
        scores.of[i] = no_member;
        scores.least = *std::min_element(scores.of.begin(), scores.of.begin() + size);
    }
    return {};
}

// For the rare case that nobody in the drawn block may be picked: the first that may, block by
// block.
Choice LeastLoaded::search(std::size_t first_block, const LoadView& load,
                           const OpenSet& open) const {
    for (std::size_t step = 1; step < blocks_.size(); step++) {
        const Block block = blocks_[(first_block + step) % blocks_.size()];
        Choice best;
        for (std::size_t i = block.first; i < std::min(block.end, backends_); i++) {
            if (weight_[i] <= 0 || !open.has(i)) continue;
            if (!best || (load.own()[i] + 1) * cost_[i] < (load.own()[*best] + 1) * cost_[*best]) {
                best = i;
            }
        }
        if (best) return best;
    }
    return {};
}

float LeastLoaded::score(std::size_t backend, const LoadView& load, core::Instant now) const {
    const auto holds = [&](const Block& block) {
        return block.first <= backend && backend < block.end;
    };
    const Block block = *std::ranges::find_if(blocks_, holds);
    Scores scores;
    if (load.has_others()) {
        score_block(block, load, fading_at(load, now), 0.5F, scores);
    } else {
        score_own(block, load, scores);
    }
    return scores.of[backend - block.first];
}

}  // namespace ringway::balance
