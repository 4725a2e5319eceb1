#include "balance/deadline_round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/prng.h"

namespace ringway::balance {
namespace {

struct Turns {
    explicit Turns(std::vector<std::uint32_t> w, std::uint64_t start = 0)
        : weights(std::move(w)), blocks(weights.size()), turns(weights, start) {}
    Choice pick() { return turns.pick(OpenSet{blocks, {}}); }

    std::vector<std::uint32_t> weights;
    std::vector<std::uint8_t> blocks;
    DeadlineRoundRobin turns;
};

std::vector<std::uint32_t> uneven(std::size_t size) {
    std::vector<std::uint32_t> weights;
    for (std::uint32_t i = 0; i < size; i++) weights.push_back((i * 7 % 10 + 1) * 256);
    return weights;
}

TEST(DeadlineRoundRobin, IsExactOverEveryRound) {
    Turns turns{uneven(100)};
    for (int round = 0; round < 5; round++) {  // From the heap first, then as it was written down.
        std::vector<std::uint32_t> counts(100);
        for (int turn = 0; turn < 550; turn++) counts[turns.pick().value()]++;
        for (std::size_t i = 0; i < 100; i++) EXPECT_EQ(counts[i], turns.weights[i] / 256) << i;
    }
}

TEST(DeadlineRoundRobin, IsExactOverARoundTooLongToBeWritten) {
    std::vector<std::uint32_t> weights(100, 1'999);
    weights[0] = 2'000;
    Turns turns{weights};
    std::vector<std::uint32_t> counts(100);
    for (int turn = 0; turn < 199'901; turn++) counts[turns.pick().value()]++;
    EXPECT_EQ(counts, weights);
}

// No two turns of a backend are nearer than its weight dictates, give or take one turn of everybody
// else's rounding.
TEST(DeadlineRoundRobin, SpreadsTurnsEvenly) {
    Turns turns{uneven(100)};
    std::vector<int> last(100, -1);
    for (int turn = 0; turn < 5'500; turn++) {
        const std::size_t i = turns.pick().value();
        const double period = 550.0 * 256 / turns.weights[i];
        if (last[i] >= 0) {
            EXPECT_GT(turn - last[i], period * 0.5) << i;
            EXPECT_LT(turn - last[i], period * 1.6) << i;
        }
        last[i] = turn;
    }
}

TEST(DeadlineRoundRobin, NeverRepeatsABackendThatHasLessThanHalf) {
    std::vector<std::uint32_t> weights(70, 1);
    weights[13] = 60;
    Turns turns{weights};
    std::size_t last = 1'000;
    for (int turn = 0; turn < 1'290; turn++) {
        const std::size_t i = turns.pick().value();
        EXPECT_NE(i, last);
        last = i;
    }
}

TEST(DeadlineRoundRobin, UpToHalfOfTheWeightNobodyIsPickedTwiceInARow) {
    core::Prng prng{7};
    for (int set = 0; set < 60; set++) {
        std::vector<std::uint32_t> weights;
        std::uint64_t total = 0;
        const bool has_giant = prng.chance(0.5);
        const std::size_t count = 65 + prng.uniform(40);
        for (std::size_t i = 0; i < count; i++) {
            weights.push_back(static_cast<std::uint32_t>(1 + prng.uniform(5)));
            total += weights.back();
        }
        if (has_giant) {
            const auto giant = static_cast<std::uint32_t>(prng.uniform(2'000));
            weights[5] += giant;
            total += giant;
        }
        Turns turns{weights};
        std::size_t last = weights.size();
        std::uint64_t run = 0;
        for (std::uint64_t turn = 0; turn < total * 4; turn++) {
            const std::size_t i = turns.pick().value();
            run = i == last ? run + 1 : 1;
            last = i;
            if (weights[i] * std::uint64_t{2} > total) continue;
            EXPECT_EQ(run, 1U) << weights[i] << " of " << total;
        }
    }
}

TEST(DeadlineRoundRobin, ShardsStartAtDifferentPlaces) {
    Turns a{uneven(100), 0};
    Turns b{uneven(100), 100};
    for (int turn = 0; turn < 100; turn++) a.pick();
    for (int turn = 0; turn < 550; turn++) EXPECT_EQ(a.pick(), b.pick());
}

TEST(DeadlineRoundRobin, PassesOverTheBlockedAndOwesThemNothing) {
    Turns turns{std::vector<std::uint32_t>(100, 1)};
    turns.blocks[5] = 1;
    for (int turn = 0; turn < 990; turn++) EXPECT_NE(turns.pick(), 5U);
    turns.blocks[5] = 0;
    int picked = 0;
    for (int turn = 0; turn < 1'000; turn++) picked += turns.pick() == 5U ? 1 : 0;
    EXPECT_EQ(picked, 10);
}

TEST(DeadlineRoundRobin, FindsTheOnlyOneThatIsOpen) {
    Turns turns{std::vector<std::uint32_t>(1'000, 1)};
    std::ranges::fill(turns.blocks, std::uint8_t{1});
    EXPECT_FALSE(turns.pick().has_value());
    turns.blocks[876] = 0;
    for (int turn = 0; turn < 10; turn++) EXPECT_EQ(turns.pick(), 876U);
}

TEST(DeadlineRoundRobin, ANewWeightCountsAtOnceAndOthersKeepTheirPlace) {
    Turns turns{std::vector<std::uint32_t>(100, 4)};
    for (int turn = 0; turn < 50; turn++) turns.pick();
    std::vector<std::uint32_t> weights(100, 4);
    weights[0] = 0;
    weights[1] = 8;
    turns.turns.set_weights(weights);
    std::vector<int> counts(100);
    for (int turn = 0; turn < 1'000; turn++) counts[turns.pick().value()]++;
    EXPECT_EQ(counts[0], 0);
    EXPECT_NEAR(counts[1], 20, 1);
    for (std::size_t i = 2; i < 100; i++) EXPECT_NEAR(counts[i], 10, 1) << i;
}

}  // namespace
}  // namespace ringway::balance
