#include "balance/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "core/prng.h"

namespace ringway::balance {
namespace {

// `blocks` by backend: 0 is open.
std::vector<std::size_t> picks(RoundRobin& balancer, const std::vector<std::uint8_t>& blocks,
                               std::size_t count) {
    const OpenSet open{blocks, {}};
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < count; i++) result.push_back(balancer.pick(open).value());
    return result;
}

TEST(RoundRobin, TakesEqualBackendsInTurn) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 0};
    EXPECT_EQ(picks(balancer, {0, 0, 0}, 7), (std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0}));
}

TEST(RoundRobin, IsExactOverACycleOfWeights) {
    const std::vector<std::uint32_t> weights{5, 1, 3};
    RoundRobin balancer{weights, 0};
    for (int cycle = 0; cycle < 4; cycle++) {
        std::map<std::size_t, int> counts;
        for (const std::size_t index : picks(balancer, {0, 0, 0}, 9)) counts[index]++;
        EXPECT_EQ(counts, (std::map<std::size_t, int>{{0, 5}, {1, 1}, {2, 3}}));
    }
}

std::size_t longest_run(const std::vector<std::size_t>& sequence, std::size_t of) {
    std::size_t run = 0;
    std::size_t longest = 0;
    for (const std::size_t index : sequence) {
        run = index == of ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

TEST(RoundRobin, SpreadsAHeavyBackendOut) {
    const std::vector<std::uint32_t> weights{5, 1, 1};
    RoundRobin balancer{weights, 0};
    // Five of seven around two others: somewhere it is three in a row, the seams of cycles
    // included.
    EXPECT_EQ(longest_run(picks(balancer, {0, 0, 0}, 70), 0), 3U);
}

// Must show: smooth, and exact over a cycle. Weights are as the picker gives them, 256 to one.
TEST(RoundRobin, NoRunIsLongerThanItsWeightDictatesAndEveryCycleIsExact) {
    core::Prng prng{7};
    for (int set = 0; set < 300; set++) {
        const std::size_t count = 2 + prng.uniform(12);
        std::vector<std::uint32_t> weights;
        std::uint64_t cycle = 0;
        for (std::size_t i = 0; i < count; i++) {
            weights.push_back(static_cast<std::uint32_t>(1 + prng.uniform(set % 3 == 0 ? 50 : 6)));
            cycle += weights.back();
        }
        std::vector<std::uint32_t> scaled;
        for (const std::uint32_t weight : weights) scaled.push_back(weight * 256);
        RoundRobin balancer{scaled, 0};
        std::vector<std::size_t> sequence;
        for (int n = 0; n < 4; n++) {
            const std::vector<std::size_t> turns =
                picks(balancer, std::vector<std::uint8_t>(count), cycle);
            for (std::size_t i = 0; i < count; i++) {
                EXPECT_EQ(std::ranges::count(turns, i), weights[i]) << "cycle " << n;
            }
            sequence.insert(sequence.end(), turns.begin(), turns.end());
        }
        for (std::size_t i = 0; i < count; i++) {
            const std::uint64_t others = cycle - weights[i];
            EXPECT_LE(longest_run(sequence, i), (weights[i] + others - 1) / others)
                << weights[i] << " of " << cycle;
        }
    }
}

TEST(RoundRobin, NeverPicksABlockedBackend) {
    const std::vector<std::uint32_t> weights{1, 2, 1};
    RoundRobin balancer{weights, 0};
    for (const std::size_t index : picks(balancer, {0, 1, 0}, 100)) EXPECT_NE(index, 1U);
}

TEST(RoundRobin, PicksNobodyWhenNobodyIsOpen) {
    const std::vector<std::uint32_t> weights{1, 1};
    RoundRobin balancer{weights, 0};
    const std::vector<std::uint8_t> blocks{1, 1};
    EXPECT_FALSE(balancer.pick(OpenSet{blocks, {}}).has_value());
}

TEST(RoundRobin, RetriesDoNotTurnFirstTriesToTheOneThatFails) {
    const std::vector<std::uint32_t> weights{1, 1};
    RoundRobin balancer{weights, 0};
    const std::vector<std::uint8_t> blocks{0, 0};
    const std::vector<std::uint32_t> failing{0};
    int first_tries = 0;
    for (int request = 0; request < 100; request++) {
        if (balancer.pick(OpenSet{blocks, {}}) != 0U) continue;
        first_tries++;
        EXPECT_EQ(balancer.pick(OpenSet{blocks, failing}), 1U);
    }
    EXPECT_LE(first_tries, 50);
}

TEST(RoundRobin, PassesOverTheExcluded) {
    const std::vector<std::uint32_t> weights{1, 1};
    RoundRobin balancer{weights, 0};
    const std::vector<std::uint32_t> excluded{0};
    const std::vector<std::uint8_t> blocks{0, 0};
    for (int i = 0; i < 10; i++) EXPECT_EQ(balancer.pick(OpenSet{blocks, excluded}), 1U);
}

TEST(RoundRobin, DoesNotFloodABackendThatComesBack) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 0};
    picks(balancer, {0, 0, 1}, 1'000);
    std::map<std::size_t, int> counts;
    for (const std::size_t index : picks(balancer, {0, 0, 0}, 30)) counts[index]++;
    EXPECT_EQ(counts[2], 10);
}

TEST(RoundRobin, StartsWhereItIsTold) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 2};
    EXPECT_EQ(picks(balancer, {0, 0, 0}, 1), std::vector<std::size_t>{2});
}

}  // namespace
}  // namespace ringway::balance
