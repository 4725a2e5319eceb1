#include "balance/alias_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::balance {
namespace {

std::vector<double> shares(const std::vector<float>& weights, int draws) {
    AliasTable table;
    table.build(weights);
    core::Prng prng{7};
    std::vector<double> result(weights.size());
    for (int i = 0; i < draws; i++) result[table.draw(prng)] += 1.0 / draws;
    return result;
}

TEST(AliasTable, DrawsInProportionToWeight) {
    const std::vector<float> weights{1, 2, 3, 4, 0.5F, 9.5F};
    const std::vector<double> drawn = shares(weights, 1'000'000);
    for (std::size_t i = 0; i < weights.size(); i++) {
        EXPECT_NEAR(drawn[i], weights[i] / 20.0, 0.002) << i;
    }
}

TEST(AliasTable, NeverDrawsWhatHasNoWeight) {
    // Weights whose sum is not exact, with and without much beside them.
    for (const std::size_t size : {2U, 3U, 7U, 10U, 101U, 1'000U}) {
        std::vector<float> weights(size, 0.1F);
        weights[0] = 0;
        weights[size - 1] = size > 2 ? 0 : 0.1F;
        AliasTable table;
        table.build(weights);
        core::Prng prng{size};
        for (int i = 0; i < 100'000; i++) EXPECT_GT(weights[table.draw(prng)], 0);
    }
}

TEST(AliasTable, IsEmptyWhenNothingHasWeight) {
    AliasTable table;
    table.build(std::vector<float>{0, 0});
    EXPECT_TRUE(table.empty());
}

TEST(AliasTable, IsBuiltAnewForNewWeights) {
    AliasTable table;
    table.build(std::vector<float>{1, 0});
    table.build(std::vector<float>{0, 1});
    core::Prng prng{1};
    for (int i = 0; i < 100; i++) EXPECT_EQ(table.draw(prng), 1U);
}

}  // namespace
}  // namespace ringway::balance
