#include "balance/round_robin.h"

#include <gtest/gtest.h>

#include <map>

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

TEST(RoundRobin, SpreadsAHeavyBackendOut) {
    const std::vector<std::uint32_t> weights{5, 1, 1};
    RoundRobin balancer{weights, 0};
    // Five of seven cannot be spread with runs shorter than two, the seam of two cycles included.
    const std::vector<std::size_t> sequence = picks(balancer, {0, 0, 0}, 14);
    std::size_t run = 1;
    std::size_t longest = 1;
    for (std::size_t i = 1; i < sequence.size(); i++) {
        run = sequence[i] == sequence[i - 1] ? run + 1 : 1;
        longest = std::max(longest, run);
    }
    EXPECT_LE(longest, 4U);
    EXPECT_NE(sequence[2], sequence[3]);
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
