#include "balance/least_loaded.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "balance/lanes.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

constexpr float too_dear = 1e29F;
// Costs that differ by less are equal: the sums are rounded, and loads are whole numbers.
constexpr float tie = 1e-5F;
// How much of a request's life snapshots may age until the expected load is worked out anew.
constexpr float epoch_lives = 1.0F / 8;

// A cost, a straw and an index in one float: its lowest bits make no difference between backends,
// so they hold a random number that decides between equals, and below it whose cost this is. The
// smallest of such keys says all at once: who costs least, one of them by chance.
constexpr int index_bits = 6;
constexpr int straw_bits = 7;
constexpr std::int32_t index_mask = (1 << index_bits) - 1;
constexpr std::int32_t straw_mask = ((1 << straw_bits) - 1) << index_bits;
constexpr std::int32_t cost_mask = ~(straw_mask | index_mask);
// Whole numbers are costs that come often: they are to be in the middle of what is equal.
constexpr std::int32_t half_straw = 1 << (index_bits + straw_bits - 1);

// Random factors between 1 and 2, one for each place in a block. In the product with one that is
// drawn for the pick, the bits that a straw is made of are as good as drawn for each.
constexpr std::size_t places = 64;
struct Places {
    alignas(Lanes) std::array<float, places> factors{};
    alignas(Lanes) std::array<std::int32_t, places> numbers{};
};
constexpr Places places_of_block = [] {
    Places made{};
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < places; i++) {
        made.factors[i] = 1 + static_cast<float>(core::Prng::splitmix(seed) >> 41) * 0x1p-23F;
        made.numbers[i] = static_cast<std::int32_t>(i);
    }
    return made;
}();

// A pick draws once, and makes of it what else it needs: a draw is long against the rest.
std::uint64_t another(std::uint64_t random) {
    random *= 0x9e37'79b9'7f4a'7c15;
    return random ^ (random >> 32);
}

LaneBits bits_of(const Lanes& lanes) {
    return std::bit_cast<LaneBits>(lanes);
}

LaneBits numbers_at(std::size_t place) {
    LaneBits numbers;
    std::memcpy(&numbers, std::assume_aligned<sizeof numbers>(&places_of_block.numbers[place]),
                sizeof numbers);
    return numbers;
}

}  // namespace

LeastLoaded::LeastLoaded(std::size_t backends)
    : backends_(backends),
      weight_(padded(backends)),
      price_(padded(backends), 1),
      cost_(padded(backends), no_member),
      capacity_(padded(backends)),
      pace_(padded(backends), 1),
      ground_(padded(backends)),
      accounted_(padded(backends)) {
    CHECK(backends > 0);
    static_assert(block_max <= places && block_max <= (1 << index_bits));
    const std::size_t units = padded(backends) / lane_count;
    const std::size_t count =
        padded(backends) <= block_max ? 1 : (backends + block_usual - 1) / block_usual;
    units_max_ = (units + count - 1) / count;
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

void LeastLoaded::set_pace(std::size_t backend, float pace) {
    pace_[backend] = pace;
    block_of(backend).expected_in = 0;
}

void LeastLoaded::update_cost(std::size_t backend) {
    const bool is_member = weight_[backend] > 0;
    cost_[backend] = is_member ? price_[backend] / weight_[backend] : no_member;
    capacity_[backend] = is_member ? weight_[backend] / price_[backend] : 0;
    block_of(backend).expected_in = 0;
}

LeastLoaded::Block& LeastLoaded::block_of(std::size_t backend) {
    return *std::ranges::upper_bound(blocks_, backend, {}, &Block::end);
}

Choice LeastLoaded::pick(const LoadView& load, const OpenSet& open, core::Instant now,
                         core::Prng& prng) {
    if (by_weight_.empty()) return {};
    std::uint64_t random = prng();
    std::size_t at = blocks_.size() > 1 ? by_weight_.at(random) : 0;
    float level = level_now(blocks_[at], load, now, random = another(random));
    const Choice least = least_of(blocks_[at], load, level, another(random));
    if (least && open.has(*least)) return least;
    // Rare: who costs least may not be picked, or nobody of the block is a member.
    for (std::size_t step = 0; step < blocks_.size(); step++) {
        const Choice picked = least_open(blocks_[at], load, open, level, prng);
        if (picked) return picked;
        at = at + 1 < blocks_.size() ? at + 1 : 0;
        level = level_now(blocks_[at], load, now, prng());
    }
    return {};
}

BlockRows LeastLoaded::rows(const Block& block, const LoadView& load, const Kept& kept) const {
    return {.seen = load.seen_total() + block.first,
            .published = load.published_row() + block.first,
            .cost = &cost_[block.first],
            .capacity = &capacity_[block.first],
            .pace = &pace_[block.first],
            .ground = kept.ground,
            .accounted = kept.accounted,
            .size = block.end - block.first};
}

float LeastLoaded::level_now(Block& block, const LoadView& load, core::Instant now,
                             std::uint64_t random) {
    if (load.version() != load_version_ || now >= epoch_ends_) begin_epoch(load, now);
    if (block.expected_in != epoch_) renew(block, load, random);
    const float level = block.water.drawn;
    // For the next time: nothing has to wait for it now.
    draw_level(rows(block, load, {&ground_[block.first], &accounted_[block.first]}), block.water,
               random);
    return level;
}

void LeastLoaded::begin_epoch(const LoadView& load, core::Instant now) {
    epoch_++;
    load_version_ = load.version();
    const core::Duration length{static_cast<std::int64_t>(load.latency_us() * 1e3F * epoch_lives)};
    epoch_ends_ = load.has_others() ? now + length : core::Instant::max();
    fading_ = fading_of(load, now);
}

void LeastLoaded::renew(Block& block, const LoadView& load, std::uint64_t random) {
    const BlockRows kept = rows(block, load, {&ground_[block.first], &accounted_[block.first]});
    expect(kept, fading_, block.water);
    block.expected_in = epoch_;
    draw_level(kept, block.water, another(random));
}

// Who of all members costs least.
Choice LeastLoaded::least_of(const Block& block, const LoadView& load, float level,
                             std::uint64_t random) const {
    const Lanes straw = Lanes{} + (1 + static_cast<float>(random >> 41) * 0x1p-23F);
    const LaneBits shuffle = LaneBits{} + static_cast<std::int32_t>(random & index_mask);
    Lanes least = Lanes{} + no_member;
    const auto look_at = [&](std::size_t i) {
        const std::size_t place = i - block.first;
        const Lanes since = lanes_at(load.own() + i) * lanes_at(&cost_[i]);
        const Lanes seen = larger(lanes_at(&ground_[i]), Lanes{} + level);
        const LaneBits cost = bits_of(seen + (since - lanes_at(&accounted_[i]))) + half_straw;
        const LaneBits straws = bits_of(lanes_at(&places_of_block.factors[place]) * straw);
        const LaneBits key = (cost & cost_mask) | (straws & straw_mask) | numbers_at(place);
        least = smaller(std::bit_cast<Lanes>(key ^ shuffle), least);
    };
    // As often for every block, so that the loop's end is not guessed wrong: in a shorter one the
    // last unit is looked at twice.
    for (std::size_t unit = 0; unit + 1 < units_max_; unit++) {
        look_at(block.first + unit * lane_count);
    }
    look_at(block.end - lane_count);
    const float key = smallest_of(least);
    if (key >= too_dear) return {};
    const std::uint32_t bits =
        std::bit_cast<std::uint32_t>(key) ^ static_cast<std::uint32_t>(random);
    return block.first + (bits & index_mask);
}

// The same of those who may be picked at this moment, one by one.
Choice LeastLoaded::least_open(const Block& block, const LoadView& load, const OpenSet& open,
                               float level, core::Prng& prng) const {
    Choice best;
    float least = too_dear;
    std::uint64_t ties = 0;
    for (std::size_t i = block.first; i < std::min(block.end, backends_); i++) {
        const float cost = std::max(ground_[i], level) + load.own()[i] * cost_[i] - accounted_[i];
        if (cost > least * (1 + tie) || !open.has(i)) continue;
        if (cost < least * (1 - tie)) ties = 0;
        ties++;
        if (ties == 1) least = cost;
        if (prng.uniform(ties) == 0) best = i;
    }
    return best;
}

float LeastLoaded::score(std::size_t backend, const LoadView& load, core::Instant now) const {
    const auto holds = [&](const Block& block) {
        return block.first <= backend && backend < block.end;
    };
    const Block block = *std::ranges::find_if(blocks_, holds);
    alignas(Lanes) std::array<float, block_max> ground;
    alignas(Lanes) std::array<float, block_max> accounted;
    const BlockRows own = rows(block, load, {ground.data(), accounted.data()});
    Water water;
    expect(own, fading_of(load, now), water);
    const std::size_t i = backend - block.first;
    const float level = level_of(own, water.amount / 2, water.high);
    return std::max(ground[i], level) + load.own()[backend] * cost_[backend] - accounted[i];
}

}  // namespace ringway::balance
