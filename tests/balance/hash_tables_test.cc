#include "balance/hash_tables.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/picker.h"

namespace ringway::balance {
namespace {

std::vector<Backend> some(std::size_t count) {
    std::vector<Backend> backends;
    for (std::size_t i = 0; i < count; i++) {
        backends.push_back({.identity = mix(i, 77), .tier = i % 4 == 3 ? 1U : 0U});
    }
    return backends;
}

class EveryHashTables : public ::testing::TestWithParam<Algorithm> {
protected:
    // Another shard's picker: a set, a view and a position of its own.
    struct Shard {
        Shard(const Settings& settings, std::uint64_t start, const HashTables* tables)
            : set(some(20)), load({.backends = 20}), picker(set, settings, start, tables) {}
        std::vector<std::size_t> picks() {
            picker.settle(set, load, {});
            std::vector<std::size_t> picked;
            for (std::uint64_t n = 0; n < 2'000; n++) {
                picked.push_back(*picker.pick(set, load, {.key = mix(n, 5)}, prng));
            }
            return picked;
        }
        BackendSet set;
        LoadView load;
        Picker picker;
        core::Prng prng{1};
    };
    Settings settings() const { return {.algorithm = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Algorithms, EveryHashTables,
                         ::testing::Values(Algorithm::ip_hash, Algorithm::ring_hash,
                                           Algorithm::maglev),
                         [](const auto& test) { return std::string{name_of(test.param)}; });

TEST_P(EveryHashTables, ServeAllShardsWhateverEachThinksOfHealth) {
    const HashTables tables{BackendSet{some(20)}, settings()};
    Shard alone{settings(), 0, nullptr};
    Shard one{settings(), 1, &tables};
    Shard two{settings(), 2, &tables};
    const std::vector<std::size_t> expected = alone.picks();
    EXPECT_EQ(one.picks(), expected);
    one.set.block(4, Block::down);
    one.set.set_factor(5, 0.5F);
    EXPECT_NE(one.picks(), expected);
    EXPECT_EQ(two.picks(), expected);
    EXPECT_EQ(&one.picker.tables(), &tables);
    EXPECT_EQ(&two.picker.tables(), &tables);
}

TEST_P(EveryHashTables, AreMadeAnewByWhoeverIsToldAnotherWeight) {
    const HashTables tables{BackendSet{some(20)}, settings()};
    Shard one{settings(), 1, &tables};
    Shard two{settings(), 2, &tables};
    const std::vector<std::size_t> before = two.picks();
    one.set.set_weight(4, 9);
    EXPECT_NE(one.picks(), before);
    EXPECT_NE(&one.picker.tables(), &tables);
    EXPECT_EQ(two.picks(), before);
    one.set.set_weight(4, 1);
    EXPECT_EQ(one.picks(), before);
    EXPECT_EQ(&one.picker.tables(), &tables) << "and goes back to them";
}

TEST(HashTables, OfOtherBackendsDoNotFit) {
    const HashTables tables{BackendSet{some(20)}, {.algorithm = Algorithm::maglev}};
    EXPECT_TRUE(tables.are_of(BackendSet{some(20)}));
    EXPECT_FALSE(tables.are_of(BackendSet{some(21)}));
    std::vector<Backend> others = some(20);
    others[3].identity++;
    EXPECT_FALSE(tables.are_of(BackendSet{others}));
}

TEST(HashTables, ATierWithoutWeightHasNone) {
    std::vector<Backend> backends = some(8);
    for (Backend& backend : backends) backend.weight = backend.tier == 1 ? 0 : 1;
    const HashTables tables{BackendSet{backends}, {.algorithm = Algorithm::ring_hash}};
    EXPECT_NE(tables.of_tier(0), nullptr);
    EXPECT_EQ(tables.of_tier(1), nullptr);
}

}  // namespace
}  // namespace ringway::balance
