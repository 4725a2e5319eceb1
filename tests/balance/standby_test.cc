// Who waits in a later tier or another zone, when all before them have just refused.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/picker.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;

constexpr std::array every{
    Algorithm::round_robin,  Algorithm::random,     Algorithm::least_connections,
    Algorithm::power_of_two, Algorithm::least_time, Algorithm::peak_ewma,
    Algorithm::ip_hash,      Algorithm::ring_hash,  Algorithm::maglev,
    Algorithm::first};

// Backends 0 and 1 come first; 2 and 3 have weights 1 and 3 in tier 1, 4 is the last resort.
std::vector<Backend> in_tiers() {
    std::vector<Backend> backends(5);
    for (std::size_t i = 0; i < backends.size(); i++) backends[i].identity = mix(i, 77);
    backends[2].tier = backends[3].tier = 1;
    backends[3].weight = 3;
    backends[4].tier = 16;
    return backends;
}

class Standby : public ::testing::TestWithParam<Algorithm> {
protected:
    void make(const std::vector<Backend>& backends) {
        set.emplace(backends);
        load.emplace(LoadView::Options{.backends = backends.size()});
        picker.emplace(*set, Settings{.algorithm = GetParam()}, 0);
    }
    std::map<std::size_t, int> pick_many(std::span<const std::uint32_t> excluded = {}) {
        std::map<std::size_t, int> picked;
        for (std::uint64_t i = 0; i < 2'000; i++) {
            picker->settle(*set, *load, now);
            const PickRequest request{.key = mix(i, 5), .excluded = excluded, .now = now};
            picked[picker->pick(*set, *load, request, prng).value()]++;
        }
        return picked;
    }

    std::optional<BackendSet> set;
    std::optional<LoadView> load;
    std::optional<Picker> picker;
    core::Instant now{1h};
    core::Prng prng{11};
};
INSTANTIATE_TEST_SUITE_P(Algorithms, Standby, ::testing::ValuesIn(every),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

TEST_P(Standby, IsAskedByWeightWhenAllBeforeHaveJustRefused) {
    make(in_tiers());
    for (const std::size_t i : {0U, 1U}) set->block(i, Block::backing_off);
    std::map<std::size_t, int> picked = pick_many();
    EXPECT_EQ(picked.size(), 2U);
    EXPECT_NEAR(picked[3], 1'500, 80);
    for (const std::size_t i : {2U, 3U}) set->block(i, Block::backing_off);
    picked = pick_many();
    EXPECT_EQ(picked[4], 2'000);
    set->unblock(1, Block::backing_off);
    EXPECT_EQ(pick_many()[1], 2'000);
}

TEST_P(Standby, IsAskedRatherThanWhoWasTried) {
    make(in_tiers());
    set->block(0, Block::backing_off);
    const std::array<std::uint32_t, 1> tried{1};
    const std::map<std::size_t, int> picked = pick_many(tried);
    EXPECT_EQ(picked.size(), 2U);
    EXPECT_FALSE(picked.contains(0) || picked.contains(1));
}

TEST_P(Standby, OfTheOtherZoneIsAskedWhenTheOwnHasJustRefused) {
    std::vector<Backend> backends(4);
    for (std::size_t i = 0; i < backends.size(); i++) backends[i].identity = mix(i, 77);
    backends[2].is_local = backends[3].is_local = false;
    make(backends);
    for (const std::size_t i : {0U, 1U}) set->block(i, Block::backing_off);
    const std::map<std::size_t, int> picked = pick_many();
    EXPECT_FALSE(picked.contains(0) || picked.contains(1));
}

TEST_P(Standby, IsTheSameForAKeyOnEveryRingway) {
    if (!is_hash(GetParam())) return;
    std::vector<Backend> backends = in_tiers();
    const auto standby_of = [&](std::uint64_t key) {
        make(backends);
        for (std::size_t i = 0; i < backends.size(); i++) {
            if (backends[i].tier == 0) set->block(i, Block::backing_off);
        }
        return backends[picker->pick(*set, *load, {.key = key, .now = now}, prng).value()].identity;
    };
    for (std::uint64_t key = 0; key < 50; key++) {
        const std::uint64_t here = standby_of(mix(key, 3));
        std::swap(backends[1], backends[3]);
        EXPECT_EQ(standby_of(mix(key, 3)), here);
        prng();
    }
}

}  // namespace
}  // namespace ringway::balance
