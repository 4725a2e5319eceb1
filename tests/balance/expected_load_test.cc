#include "balance/expected_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "balance/lanes.h"
#include "core/prng.h"

namespace ringway::balance {
namespace {

// Rows of a block that is made by hand. Where capacity is 0, there is no member.
struct Basin {
    explicit Basin(const std::vector<float>& in_flight, const std::vector<float>& capacities = {})
        : seen(padded(in_flight.size())),
          published(seen.size()),
          cost(seen.size(), no_member),
          capacity(seen.size()),
          pace(seen.size(), 1),
          ground(seen.size()),
          accounted(seen.size()) {
        for (std::size_t i = 0; i < in_flight.size(); i++) {
            seen[i] = in_flight[i];
            capacity[i] = capacities.empty() ? 1 : capacities[i];
            if (capacity[i] > 0) cost[i] = 1 / capacity[i];
        }
    }
    BlockRows rows() {
        return {.seen = seen.data(),
                .published = published.data(),
                .cost = cost.data(),
                .capacity = capacity.data(),
                .pace = pace.data(),
                .ground = ground.data(),
                .accounted = accounted.data(),
                .size = seen.size()};
    }
    // What a level holds.
    double content(float level) const {
        double sum = 0;
        for (std::size_t i = 0; i < seen.size(); i++) {
            sum += std::max(0.0F, level - ground[i]) * capacity[i];
        }
        return sum;
    }

    std::vector<float> seen;
    std::vector<float> published;
    std::vector<float> cost;
    std::vector<float> capacity;
    std::vector<float> pace;
    std::vector<float> ground;
    std::vector<float> accounted;
    Water water;
};

std::vector<float> random_row(std::size_t size, float until, core::Prng& prng) {
    std::vector<float> row(size);
    for (float& value : row) value = static_cast<float>(prng.real()) * until;
    return row;
}

TEST(ExpectedLoad, WaterRisesUntilItHoldsWhatHasGone) {
    core::Prng prng{1};
    for (int round = 0; round < 200; round++) {
        const std::size_t size = 1 + prng.uniform(32);
        Basin basin{random_row(size, 20, prng), random_row(size, 4, prng)};
        const float survivors = static_cast<float>(prng.real());
        expect(basin.rows(), {.survivors = survivors}, basin.water);
        double gone = 0;
        for (const float seen : basin.seen) gone += seen * (1 - survivors);
        EXPECT_NEAR(basin.water.amount, gone, 1e-3 * gone);
        EXPECT_EQ(basin.water.low, *std::ranges::min_element(basin.ground));
        // The level is found to a 64th, and from above.
        EXPECT_GE(basin.content(basin.water.high), gone * 0.999);
        EXPECT_LE(basin.content(basin.water.high * (1 - 1.0F / 64)), gone);
    }
}

TEST(ExpectedLoad, FreshSnapshotsLeaveNothingToPour) {
    Basin basin{{3, 1, 2}};
    expect(basin.rows(), {.survivors = 1}, basin.water);
    EXPECT_EQ(basin.water.low, 2);
    EXPECT_EQ(basin.water.high, 2);
    draw_level(basin.rows(), basin.water, 12'345);
    EXPECT_EQ(basin.water.drawn, 2);
    EXPECT_EQ(basin.ground[0], 4);
}

TEST(ExpectedLoad, OurOwnArePouredByNobody) {
    Basin basin{{4, 4}};
    basin.published = {4, 0, 0, 0};
    expect(basin.rows(), {.survivors = 0.5F, .answered = 0.25F}, basin.water);
    EXPECT_FLOAT_EQ(basin.water.amount, 2);
    EXPECT_FLOAT_EQ(basin.accounted[0], 1);
    EXPECT_FLOAT_EQ(basin.accounted[1], 0);
}

// A pick's level is that of an amount drawn evenly between nothing and all. The chain of draws has
// the same share of its time in every tenth of the water.
TEST(ExpectedLoad, EveryPartOfTheWaterIsDrawnAsOften) {
    Basin basin{{0, 2, 5, 5, 9, 14}, {1, 0.25F, 2, 1, 0, 1}};
    expect(basin.rows(), {.survivors = 0.4F}, basin.water);
    core::Prng prng{2};
    std::array<int, 10> tenths{};
    const double all = basin.content(basin.water.high);
    for (int i = 0; i < 400'000; i++) {
        draw_level(basin.rows(), basin.water, prng());
        const double poured = basin.content(basin.water.drawn) / all;
        tenths[std::min<std::size_t>(9, static_cast<std::size_t>(poured * 10))]++;
    }
    for (const int count : tenths) EXPECT_NEAR(count, 40'000, 2'000);
}

TEST(ExpectedLoad, ALevelOfOtherWaterIsNotKept) {
    Basin basin{{10, 20}};
    basin.water.drawn = 1'000;
    expect(basin.rows(), {.survivors = 0.5F}, basin.water);
    EXPECT_LE(basin.water.drawn, basin.water.high);
    basin.water.drawn = 0;
    expect(basin.rows(), {.survivors = 0.5F}, basin.water);
    EXPECT_GE(basin.water.drawn, basin.water.low);
}

TEST(ExpectedLoad, WhoIsNoMemberIsNeverLowAndHoldsNothing) {
    Basin basin{{7, 7}, {0, 1}};
    basin.published = {7, 0, 0, 0};
    expect(basin.rows(), {.survivors = 0.5F, .answered = 1}, basin.water);
    EXPECT_FLOAT_EQ(basin.water.low, 4.5F);
    EXPECT_GT(basin.ground[0], no_member);
    EXPECT_EQ(basin.accounted[0], 0);
}

}  // namespace
}  // namespace ringway::balance
