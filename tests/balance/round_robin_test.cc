#include "balance/round_robin.h"

#include <gtest/gtest.h>

#include <map>

namespace ringway::balance {
namespace {

std::vector<std::size_t> picks(RoundRobin& balancer, const std::vector<std::uint8_t>& eligible,
                               std::size_t count) {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < count; i++) result.push_back(balancer.pick(eligible).value());
    return result;
}

TEST(RoundRobin, TakesEqualBackendsInTurn) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 0};
    EXPECT_EQ(picks(balancer, {1, 1, 1}, 7), (std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0}));
}

TEST(RoundRobin, IsExactOverACycleOfWeights) {
    const std::vector<std::uint32_t> weights{5, 1, 3};
    RoundRobin balancer{weights, 0};
    for (int cycle = 0; cycle < 4; cycle++) {
        std::map<std::size_t, int> counts;
        for (const std::size_t index : picks(balancer, {1, 1, 1}, 9)) counts[index]++;
        EXPECT_EQ(counts, (std::map<std::size_t, int>{{0, 5}, {1, 1}, {2, 3}}));
    }
}

TEST(RoundRobin, SpreadsAHeavyBackendOut) {
    const std::vector<std::uint32_t> weights{5, 1, 1};
    RoundRobin balancer{weights, 0};
    // Five of seven cannot be spread with runs shorter than two, the seam of two cycles included.
    const std::vector<std::size_t> sequence = picks(balancer, {1, 1, 1}, 14);
    std::size_t run = 1;
    std::size_t longest = 1;
    for (std::size_t i = 1; i < sequence.size(); i++) {
        run = sequence[i] == sequence[i - 1] ? run + 1 : 1;
        longest = std::max(longest, run);
    }
    EXPECT_LE(longest, 4U);
    EXPECT_NE(sequence[2], sequence[3]);
}

TEST(RoundRobin, NeverPicksAnIneligibleBackend) {
    const std::vector<std::uint32_t> weights{1, 2, 1};
    RoundRobin balancer{weights, 0};
    for (const std::size_t index : picks(balancer, {1, 0, 1}, 100)) EXPECT_NE(index, 1U);
}

TEST(RoundRobin, PicksNobodyWhenNobodyIsEligible) {
    const std::vector<std::uint32_t> weights{1, 1};
    RoundRobin balancer{weights, 0};
    EXPECT_FALSE(balancer.pick(std::vector<std::uint8_t>{0, 0}).has_value());
}

TEST(RoundRobin, AvoidsTheExcludedWhileAnotherIsEligible) {
    const std::vector<std::uint32_t> weights{1, 1};
    RoundRobin balancer{weights, 0};
    const std::vector<std::uint8_t> both{1, 1};
    const std::vector<std::uint8_t> only_first{1, 0};
    for (int i = 0; i < 10; i++) EXPECT_EQ(balancer.pick(both, 0), 1U);
    EXPECT_EQ(balancer.pick(only_first, 0), 0U);
}

TEST(RoundRobin, DoesNotFloodABackendThatComesBack) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 0};
    picks(balancer, {1, 1, 0}, 1'000);
    std::map<std::size_t, int> counts;
    for (const std::size_t index : picks(balancer, {1, 1, 1}, 30)) counts[index]++;
    EXPECT_EQ(counts[2], 10);
}

TEST(RoundRobin, StartsWhereItIsTold) {
    const std::vector<std::uint32_t> weights{1, 1, 1};
    RoundRobin balancer{weights, 2};
    EXPECT_EQ(balancer.pick(std::vector<std::uint8_t>{1, 1, 1}), 2U);
}

}  // namespace
}  // namespace ringway::balance
