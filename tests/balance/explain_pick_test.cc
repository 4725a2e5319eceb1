#include "balance/explain_pick.h"

#include <gtest/gtest.h>

#include <array>

#include "balance/hash_mix.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;

std::vector<Backend> four() {
    std::vector<Backend> backends;
    for (std::uint64_t i = 0; i < 4; i++) {
        backends.push_back({.identity = mix(i, 77), .weight = 1.0F + static_cast<float>(i)});
    }
    return backends;
}

struct Group {
    explicit Group(Algorithm algorithm, const std::vector<Backend>& backends = four())
        : Group(Settings{.algorithm = algorithm}, backends) {}
    explicit Group(const Settings& settings, const std::vector<Backend>& backends = four())
        : set(backends), load({.backends = backends.size()}), picker(set, settings, 0) {}

    PickExplanation explain(std::optional<std::uint64_t> key = {},
                            std::span<const std::uint32_t> excluded = {}) const {
        return explain_pick({.set = set,
                             .load = load,
                             .picker = picker,
                             .key = key,
                             .excluded = excluded,
                             .now = now,
                             .tries = 20'000});
    }

    BackendSet set;
    LoadView load;
    Picker picker;
    core::Instant now{1h};
};

bool has(const PickCandidate& candidate, Against against) {
    return (candidate.against & static_cast<unsigned>(against)) != 0;
}

TEST(ExplainPick, SharesFollowTheWeightsInEveryAlgorithmThatHeedsThem) {
    for (const Algorithm algorithm :
         {Algorithm::round_robin, Algorithm::random, Algorithm::least_connections,
          Algorithm::least_time, Algorithm::peak_ewma, Algorithm::ip_hash, Algorithm::ring_hash,
          Algorithm::maglev}) {
        const PickExplanation explanation = Group{algorithm}.explain();
        // Points on a ring lie by chance.
        const double tolerance = algorithm == Algorithm::ring_hash ? 0.06 : 0.02;
        for (std::size_t i = 0; i < 4; i++) {
            EXPECT_NEAR(explanation.candidates[i].share, static_cast<double>(i + 1) / 10, tolerance)
                << name_of(algorithm) << " " << i;
            EXPECT_EQ(explanation.candidates[i].against, 0);
        }
    }
    EXPECT_EQ(Group{Algorithm::first}.explain().candidates[0].share, 1);
}

TEST(ExplainPick, ThePickIsTheOneThatTheAlgorithmMakesForTheKey) {
    for (const Algorithm algorithm :
         {Algorithm::ip_hash, Algorithm::ring_hash, Algorithm::maglev}) {
        Group group{algorithm};
        core::Prng prng{5};
        EXPECT_FALSE(group.explain().picked) << "the key decides";
        for (std::uint64_t key = 0; key < 100; key++) {
            const Choice picked = group.picker.pick(group.set, group.load,
                                                    {.key = mix(key, 1), .now = group.now}, prng);
            EXPECT_EQ(group.explain(mix(key, 1)).picked, picked);
        }
    }
}

TEST(ExplainPick, AskingMovesNothing) {
    Group asked{Algorithm::round_robin};
    Group left_alone{Algorithm::round_robin};
    core::Prng one{3};
    core::Prng other{3};
    for (int i = 0; i < 40; i++) {
        const Choice told = asked.explain().picked;
        const Choice picked = asked.picker.pick(asked.set, asked.load, {.now = asked.now}, one);
        EXPECT_EQ(picked, told);
        EXPECT_EQ(picked, left_alone.picker.pick(left_alone.set, left_alone.load,
                                                 {.now = asked.now}, other));
    }
    EXPECT_EQ(asked.load.in_flight(), 0);
}

TEST(ExplainPick, LoadIsShownAsTheShardKnowsItAndTheLeastScoreIsPicked) {
    const std::vector<Backend> equal(3);
    BackendSet set{equal};
    LoadView load{{.backends = 3, .shards = 2, .own = {0}}};
    Picker picker{set, {.algorithm = Algorithm::least_connections}, 0};
    const core::Instant now{1h};
    for (const std::size_t i : {0U, 0U, 1U}) load.begin(i);
    load.take({1}, {.backend = 2, .in_flight = 7, .latency_us = 0, .samples = 0}, now);
    load.heard({1}, now);
    const PickExplanation explanation =
        explain_pick({.set = set, .load = load, .picker = picker, .now = now, .tries = 10});
    EXPECT_EQ(explanation.candidates[0].own_in_flight, 2U);
    EXPECT_EQ(explanation.candidates[2].own_in_flight, 0U);
    EXPECT_EQ(explanation.candidates[2].others_in_flight, 7U);
    EXPECT_EQ(explanation.picked, Choice{1});
    EXPECT_FLOAT_EQ(explanation.candidates[0].score.value(), 3);
    EXPECT_FLOAT_EQ(explanation.candidates[1].score.value(), 2);
    EXPECT_FLOAT_EQ(explanation.candidates[2].score.value(), 8);
}

TEST(ExplainPick, WhoIsBlockedOrTriedIsToldAndGetsNothing) {
    Group group{Algorithm::random};
    group.set.block(1, Block::down);
    group.set.block(2, Block::full);
    const std::array<std::uint32_t, 1> tried{3};
    const PickExplanation explanation = group.explain({}, tried);
    EXPECT_EQ(explanation.candidates[1].blocks, static_cast<std::uint8_t>(Block::down));
    EXPECT_EQ(explanation.candidates[1].weight_in_force, 0);
    EXPECT_EQ(explanation.candidates[1].weight, 2);
    EXPECT_EQ(explanation.candidates[2].blocks, static_cast<std::uint8_t>(Block::full));
    EXPECT_TRUE(has(explanation.candidates[3], Against::tried));
    EXPECT_EQ(explanation.picked, Choice{0});
    EXPECT_EQ(explanation.candidates[0].share, 1);
    EXPECT_EQ(explanation.candidates[0].against, 0);
}

TEST(ExplainPick, WhoComesLaterWaits) {
    std::vector<Backend> backends = four();
    backends[3].tier = 1;
    Group group{Algorithm::least_connections, backends};
    PickExplanation explanation = group.explain();
    EXPECT_TRUE(has(explanation.candidates[3], Against::standby));
    EXPECT_FALSE(explanation.candidates[3].score);
    EXPECT_EQ(explanation.candidates[3].share, 0);
    // Of 6 a half is left, which is less than 0.7 of it: the rest goes on.
    group.set.block(2, Block::down);
    explanation = group.explain();
    EXPECT_FALSE(has(explanation.candidates[3], Against::standby));
    EXPECT_NEAR(explanation.candidates[3].share, 1 - 0.5 / 0.7, 0.02);
}

TEST(ExplainPick, WhoStartsSlowlyIsHeldBack) {
    Group group{Algorithm::least_connections};
    group.set.set_factor(0, 0.1F);
    const PickExplanation explanation = group.explain();
    EXPECT_TRUE(has(explanation.candidates[0], Against::slow_start));
    EXPECT_NEAR(explanation.candidates[0].weight_in_force, 0.1, 1e-6);
    EXPECT_NEAR(explanation.candidates[0].share, 0.1 / 9.1, 0.003);
}

TEST(ExplainPick, WhoIsAtItsBoundIsPassedOver) {
    Group group{Settings{.algorithm = Algorithm::maglev, .load_bound = 1.25F}};
    const std::uint64_t key = 4'711;
    const std::size_t home = *group.explain(key).picked;
    for (int i = 0; i < 10; i++) group.load.begin(home);
    const PickExplanation explanation = group.explain(key);
    EXPECT_TRUE(has(explanation.candidates[home], Against::load_bound));
    EXPECT_NE(explanation.picked, Choice{home});
}

TEST(ExplainPick, NobodyIsAnAnswerToo) {
    Group group{Algorithm::round_robin};
    for (std::size_t i = 0; i < 4; i++) group.set.block(i, Block::disabled);
    const PickExplanation explanation = group.explain();
    EXPECT_FALSE(explanation.picked);
    for (const PickCandidate& candidate : explanation.candidates) EXPECT_EQ(candidate.share, 0);
}

TEST(ExplainPick, EveryReasonHasAName) {
    for (const auto& [against, name] :
         {std::pair{Against::no_weight, "no_weight"}, std::pair{Against::tried, "tried"},
          std::pair{Against::standby, "standby"}, std::pair{Against::slow_start, "slow_start"},
          std::pair{Against::load_bound, "load_bound"}}) {
        EXPECT_EQ(name_of(against), name);
    }
    std::vector<Backend> backends = four();
    backends[0].weight = 0;
    EXPECT_TRUE(
        has(Group(Algorithm::random, backends).explain().candidates[0], Against::no_weight));
}

}  // namespace
}  // namespace ringway::balance
