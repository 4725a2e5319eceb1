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
    float amount;     // Requests to be poured.
    float survivors;  // What is left of a request that a snapshot saw.
};

// The level up to which `pour` fills the backends: the root of Σ max(0, level × capacity − load −
// 1) = amount. Coming from above, each step leaves out the backends that stand out of the water.
float level_of(std::span<const float> seen, std::span<const float> capacity, const Pour& pour) {
    float level = 0;
    for (int step = 0; step < level_steps_max; step++) {
        Lanes content{};
        Lanes width{};
        for (std::size_t i = 0; i < seen.size(); i += lane_count) {
            const Lanes wide = lanes_at(&capacity[i]);
            const Lanes load = lanes_at(&seen[i]) * pour.survivors + 1.0F;
            const LaneBits is_under = step == 0 ? wide > 0.0F : load < wide * level;
            content += is_under ? load : Lanes{};
            width += is_under ? wide : Lanes{};
        }
        const float total_width = sum_of(width);
        if (total_width <= 0) return level;
        const float lower = (pour.amount + sum_of(content)) / total_width;
        if (step > 0 && lower >= level * (1 - tie)) return level;
        level = lower;
    }
    return level;
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
      capacity_(padded(backends)) {
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
    if (blocks_.size() == 1) return;
    std::vector<float> of_blocks;
    for (const Block& block : blocks_) {
        float weight = 0;
        for (std::size_t i = block.first; i < block.end; i++) weight += weight_[i];
        of_blocks.push_back(weight);
    }
    by_weight_.build(of_blocks);
}

void LeastLoaded::set_price(std::size_t backend, float price) {
    price_[backend] = price;
    update_cost(backend);
}

void LeastLoaded::update_cost(std::size_t backend) {
    const bool is_member = weight_[backend] > 0;
    cost_[backend] = is_member ? price_[backend] / weight_[backend] : no_member;
    capacity_[backend] = is_member ? weight_[backend] / price_[backend] : 0;
}

std::optional<std::size_t> LeastLoaded::pick(const LoadView& load, const OpenSet& open,
                                             core::Instant now, core::Prng& prng) const {
    std::size_t chosen = 0;
    if (blocks_.size() > 1) {
        if (by_weight_.empty()) return {};
        chosen = by_weight_.draw(prng);
    }
    Scores scores;
    if (load.has_others()) {
        score_block(blocks_[chosen], load, now, static_cast<float>(prng.real()), scores);
    } else {
        score_own(blocks_[chosen], load, scores);
    }
    const std::optional<std::size_t> picked = pick_in(blocks_[chosen], scores, open, prng);
    if (picked || blocks_.size() == 1) return picked;
    return search(chosen, load, open);
}

void LeastLoaded::score_own(Block block, const LoadView& load, Scores& scores) const {
    for (std::size_t i = block.first; i < block.end; i += lane_count) {
        const Lanes score = (lanes_at(load.own() + i) + 1.0F) * lanes_at(&cost_[i]);
        store_lanes(score, &scores.of[i - block.first]);
    }
}

void LeastLoaded::score_block(Block block, const LoadView& load, core::Instant now, float pouring,
                              Scores& scores) const {
    const std::size_t size = block.end - block.first;
    const float survivors = load.survivors(now);
    Lanes others{};
    for (std::size_t i = block.first; i < block.end; i += lane_count) {
        others += lanes_at(load.seen_total() + i) - lanes_at(load.published_row() + i);
    }
    const Pour pour{.amount = sum_of(others) * (1 - survivors) * pouring, .survivors = survivors};
    const float level =
        level_of({load.seen_total() + block.first, size}, {&capacity_[block.first], size}, pour);
    const float ours = survivors < 1 ? survivors * answered(load.age(now), load.latency_us()) : 1;
    const Lanes water = Lanes{} + level;
    for (std::size_t i = block.first; i < block.end; i += lane_count) {
        const Lanes cost = lanes_at(&cost_[i]);
        const Lanes seen = (lanes_at(load.seen_total() + i) * survivors + 1.0F) * cost;
        const Lanes since = lanes_at(load.own() + i) - lanes_at(load.published_row() + i) * ours;
        store_lanes(larger(seen, water) + since * cost, &scores.of[i - block.first]);
    }
}

std::optional<std::size_t> LeastLoaded::pick_in(Block block, const Scores& scores,
                                                const OpenSet& open, core::Prng& prng) const {
    const std::size_t size = block.end - block.first;
    std::uint64_t passed_over = 0;
    for (;;) {
        float least = too_dear;
        std::uint64_t ties = 0;
        for (std::size_t i = 0; i < size; i++) {
            const bool may = ((passed_over >> i) & 1) == 0;
            if (may && scores.of[i] < least) least = scores.of[i];
        }
        if (least >= too_dear) return {};
        const float bound = least * (1 + tie);  // Scores are above 0: a request costs something.
        for (std::size_t i = 0; i < size; i++) {
            ties |= static_cast<std::uint64_t>(scores.of[i] <= bound) << i;
        }
        ties &= ~passed_over;
        const auto count = static_cast<std::uint64_t>(std::popcount(ties));
        const std::size_t i = set_bit(ties, count > 1 ? prng.uniform(count) : 0);
        if (open.has(block.first + i)) return block.first + i;
        passed_over |= std::uint64_t{1} << i;
    }
}

// For the rare case that nobody in the drawn block may be picked: the first that may, block by
// block.
std::optional<std::size_t> LeastLoaded::search(std::size_t first_block, const LoadView& load,
                                               const OpenSet& open) const {
    for (std::size_t step = 1; step < blocks_.size(); step++) {
        const Block block = blocks_[(first_block + step) % blocks_.size()];
        std::optional<std::size_t> best;
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
        score_block(block, load, now, 0.5F, scores);
    } else {
        score_own(block, load, scores);
    }
    return scores.of[backend - block.first];
}

}  // namespace ringway::balance
