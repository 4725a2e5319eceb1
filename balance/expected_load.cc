#include "balance/expected_load.h"

#include <algorithm>
#include <cmath>

#include "balance/lanes.h"

namespace ringway::balance {
namespace {

// The level is close after two or three steps, and a little too high does no harm.
constexpr int level_steps_max = 4;
constexpr float close = 1.0F / 64;

// Requests that others placed in answer to what we published are only there when snapshots are
// young against a request's life. Beyond twice that life nobody acts on them any more.
float answered(core::Duration age, float latency_us) {
    const float lives = static_cast<float>(age.count()) * 1e-3F / latency_us;
    return std::max(0.0F, 1 - lives / 2);
}

// Who is below a level, and how the water stands that reaches there.
struct Wet {
    float content = 0;  // Σ ground × capacity
    float width = 0;    // Σ capacity
};

Wet wet_below(const BlockRows& rows, float level) {
    Lanes content{};
    Lanes width{};
    for (std::size_t i = 0; i < rows.size; i += lane_count) {
        const Lanes ground = lanes_at(rows.ground + i);
        const Lanes wet = ground < level ? lanes_at(rows.capacity + i) : Lanes{};
        content += ground * wet;
        width += wet;
    }
    return {sum_of(content), sum_of(width)};
}

// The root of Σ max(0, level − ground) × capacity = amount, by Newton's method: the sum is convex,
// so the first step may go up and all others come down, and each leaves out who is above.
// `wet` is below `level`.
float settle_level(const BlockRows& rows, float amount, float level, Wet wet) {
    for (int step = 1; wet.width > 0; step++) {
        const float next = (amount + wet.content) / wet.width;
        const bool is_close = std::abs(next - level) <= level * close;
        level = next;
        if (is_close || step == level_steps_max) break;
        wet = wet_below(rows, level);
    }
    return level;
}

}  // namespace

Fading fading_of(const LoadView& load, core::Instant now) {
    // Alone there are no others' requests, and all of ours count as they are.
    if (!load.has_others()) return {0, 0};
    const float survivors = load.survivors(now);
    if (survivors >= 1) return {};
    return {survivors, survivors * answered(load.age(now), load.latency_us())};
}

void expect(const BlockRows& rows, const Fading& fading, Water& water) {
    const float gone = 1 - fading.survivors;
    // Often the level is near where it was: the first step towards it is made on the way.
    const float before = water.high;
    Lanes wet_content{};
    Lanes wet_width{};
    Lanes content{};
    Lanes replaced{};
    Lanes width{};
    Lanes lowest = Lanes{} + no_member;
    Lanes widest{};
    for (std::size_t i = 0; i < rows.size; i += lane_count) {
        const Lanes seen = lanes_at(rows.seen + i);
        const Lanes published = lanes_at(rows.published + i);
        const Lanes cost = lanes_at(rows.cost + i);
        const Lanes capacity = lanes_at(rows.capacity + i);
        const Lanes lost = smaller(lanes_at(rows.pace + i) * gone, Lanes{} + 1.0F);
        const Lanes ground = (seen * (1.0F - lost) + 1.0F) * cost;
        // No more of ours is taken off than is in there: a backend's requests may fade faster than
        // the group's. So costs stay above 0.
        const Lanes mine = smaller(1.0F - lost, Lanes{} + fading.answered);
        const Lanes ours = published * cost * mine;
        store_lanes(ground, rows.ground + i);
        store_lanes(capacity > 0.0F ? ours : Lanes{}, rows.accounted + i);
        const Lanes wet = ground < before ? capacity : Lanes{};
        wet_content += ground * wet;
        wet_width += wet;
        content += ground * capacity;
        replaced += (seen - published) * lost;
        width += capacity;
        lowest = smaller(ground, lowest);
        widest = larger(capacity, widest);
    }
    const float total_width = sum_of(width);
    water.low = smallest_of(lowest);
    water.amount = sum_of(replaced);
    water.widest = -smallest_of(-widest);
    water.high = water.low;
    if (total_width > 0 && water.amount > 0) {
        // If all were under water, this would be the level: it is no higher.
        const float all = (water.amount + sum_of(content)) / total_width;
        const float level =
            before > water.low && before < all
                ? settle_level(rows, water.amount, before, {sum_of(wet_content), sum_of(wet_width)})
                : level_of(rows, water.amount, all);
        water.high = std::max(water.low, level);
    }
    water.drawn = std::clamp(water.drawn, water.low, water.high);
}

float level_of(const BlockRows& rows, float amount, float from) {
    return settle_level(rows, amount, from, wet_below(rows, from));
}

}  // namespace ringway::balance
