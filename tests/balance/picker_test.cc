// What every algorithm keeps, and what the picker adds to them: tiers, zones, exclusion, blocks.
#include "balance/picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "balance/hash_mix.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Instant;

constexpr std::array every{
    Algorithm::round_robin,  Algorithm::random,     Algorithm::least_connections,
    Algorithm::power_of_two, Algorithm::least_time, Algorithm::peak_ewma,
    Algorithm::ip_hash,      Algorithm::ring_hash,  Algorithm::maglev,
    Algorithm::first};

std::vector<Backend> equal(std::size_t count) {
    std::vector<Backend> backends;
    for (std::size_t i = 0; i < count; i++) backends.push_back({.identity = mix(i, 77)});
    return backends;
}

struct Group {
    Group(const std::vector<Backend>& backends, const Settings& settings)
        : set(backends), load({.backends = backends.size()}), picker(set, settings, 0) {}

    Choice pick(std::span<const std::uint32_t> excluded = {}) {
        return pick_key(mix(++picks, 5), excluded);
    }
    Choice pick_key(std::uint64_t key, std::span<const std::uint32_t> excluded = {}) {
        return picker.pick(set, load, {.key = key, .excluded = excluded, .now = now}, prng);
    }
    void settle() { picker.settle(set, load, now); }

    BackendSet set;
    LoadView load;
    Picker picker;
    Instant now{1h};
    core::Prng prng{11};
    std::uint64_t picks = 0;
};

// `first` fills the first whatever the others have: it follows neither weights nor slow start.
constexpr std::array sharing{
    Algorithm::round_robin,  Algorithm::random,     Algorithm::least_connections,
    Algorithm::power_of_two, Algorithm::least_time, Algorithm::peak_ewma,
    Algorithm::ip_hash,      Algorithm::ring_hash,  Algorithm::maglev};

class EveryAlgorithm : public ::testing::TestWithParam<Algorithm> {
protected:
    Settings settings() const { return {.algorithm = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithm, ::testing::ValuesIn(every),
                         [](const auto& test) { return std::string{name_of(test.param)}; });

class EverySharing : public EveryAlgorithm {};
INSTANTIATE_TEST_SUITE_P(Algorithms, EverySharing, ::testing::ValuesIn(sharing),
                         [](const auto& test) { return std::string{name_of(test.param)}; });

TEST_P(EveryAlgorithm, NeverPicksABlockedBackendFromTheMomentItIsBlocked) {
    for (const std::size_t size : {3U, 100U, 500U}) {
        Group group{equal(size), settings()};
        for (const Block block : {Block::full, Block::down, Block::draining, Block::disabled}) {
            group.set.block(1, block);
            for (int i = 0; i < 300; i++) ASSERT_NE(group.pick(), 1U) << size;
            group.settle();
            for (int i = 0; i < 300; i++) ASSERT_NE(group.pick(), 1U) << size;
            group.set.unblock(1, block);
            group.settle();
        }
        // And it comes back: where it is first in line, or a key's, or one of many.
        group.set.block(0, Block::full);
        bool is_back = false;
        for (int i = 0; i < 20'000 && !is_back; i++) is_back = group.pick() == 1U;
        EXPECT_TRUE(is_back) << size;
    }
}

TEST_P(EveryAlgorithm, PicksTheExcludedOnlyWhenNobodyElseMayBeAndTheLastOfThemLast) {
    Group group{equal(3), settings()};
    const std::array<std::uint32_t, 2> excluded{0, 1};
    for (int i = 0; i < 100; i++) ASSERT_EQ(group.pick(excluded), 2U);
    group.set.block(2, Block::full);
    for (int i = 0; i < 100; i++) ASSERT_EQ(group.pick(excluded), 0U);
    group.set.block(0, Block::full);
    for (int i = 0; i < 100; i++) ASSERT_EQ(group.pick(excluded), 1U);
}

TEST_P(EveryAlgorithm, TriesWhoFailedAMomentAgoBeforeNobody) {
    Group group{equal(3), settings()};
    group.set.block(0, Block::down);
    group.set.block(1, Block::ejected);
    group.set.block(2, Block::draining);
    group.settle();
    EXPECT_EQ(group.pick(), 1U);
    group.set.block(1, Block::full);
    EXPECT_FALSE(group.pick().has_value());
}

TEST_P(EverySharing, GivesANewWeightItsPartFromTheNextSettle) {
    Group group{equal(4), settings()};
    group.set.set_weight(3, 0);
    group.settle();
    for (int i = 0; i < 300; i++) ASSERT_NE(group.pick(), 3U);
    group.set.set_weight(3, 9);
    group.settle();
    // Sixty at a time, first in first out: who compares loads must see some.
    std::deque<std::size_t> under_way;
    int heavy = 0;
    for (int i = 0; i < 4'000; i++) {
        const std::size_t picked = group.pick().value();
        heavy += picked == 3 ? 1 : 0;
        group.load.begin(picked);
        under_way.push_back(picked);
        if (under_way.size() < 60) continue;
        group.load.end(under_way.front());
        under_way.pop_front();
    }
    EXPECT_NEAR(heavy, 3'000, 300);
}

TEST_P(EveryAlgorithm, OneBackendTakesAll) {
    Group group{equal(1), settings()};
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(group.pick(), 0U);
        group.load.begin(0);
    }
}

TEST_P(EveryAlgorithm, BackupsWaitUntilTheFirstTierIsTooWeak) {
    std::vector<Backend> backends = equal(6);
    backends[4].tier = backends[5].tier = 1;
    Group group{backends, settings()};
    for (int i = 0; i < 1'000; i++) ASSERT_LT(group.pick().value(), 4U);
    group.set.block(0, Block::down);
    group.set.block(1, Block::down);
    group.settle();
    int overflow = 0;
    for (int i = 0; i < 20'000; i++) overflow += group.pick().value() >= 4 ? 1 : 0;
    EXPECT_NEAR(overflow / 20'000.0, 1 - 0.5 / 0.7, 0.02);
    group.set.block(2, Block::down);
    group.set.block(3, Block::down);
    for (int i = 0; i < 100; i++) ASSERT_GE(group.pick().value(), 4U) << "even before the tick";
    group.settle();
    for (int i = 0; i < 100; i++) ASSERT_GE(group.pick().value(), 4U);
}

TEST_P(EveryAlgorithm, PrefersTheOwnZoneUnlessItHashes) {
    std::vector<Backend> backends = equal(4);
    backends[0].is_local = backends[1].is_local = false;
    Group group{backends, settings()};
    int far = 0;
    for (int i = 0; i < 1'000; i++) far += group.pick().value() < 2 ? 1 : 0;
    if (is_hash(GetParam())) {
        EXPECT_NEAR(far, 500, 100);
    } else {
        EXPECT_EQ(far, 0);
    }
}

TEST_P(EveryAlgorithm, SameCallsSameAnswers) {
    Group a{equal(100), settings()};
    Group b{equal(100), settings()};
    for (int i = 0; i < 2'000; i++) {
        const auto picked = a.pick();
        ASSERT_EQ(picked, b.pick());
        a.load.begin(*picked);
        b.load.begin(*picked);
    }
}

// Requests live for so many picks; the load view is kept as a shard keeps it.
std::vector<double> shares(Group& group, int picks, std::size_t in_flight) {
    std::vector<std::size_t> line(in_flight, group.load.size());
    std::vector<double> counts(group.load.size());
    for (int n = 0; n < picks; n++) {
        std::size_t& oldest = line[static_cast<std::size_t>(n) % in_flight];
        if (oldest < group.load.size()) group.load.end(oldest);
        oldest = group.pick().value();
        group.load.begin(oldest);
        counts[oldest] += 1.0 / picks;
    }
    for (const std::size_t i : line) group.load.end(i);
    return counts;
}

TEST_P(EverySharing, FollowsWeights) {
    std::vector<Backend> backends = equal(5);
    for (std::size_t i = 0; i < 5; i++) backends[i].weight = static_cast<float>(i + 1);
    Group group{backends, settings()};
    // Two choices compare a pair, not the group: at few requests the light ones get a bit more.
    const double tolerance = GetParam() == Algorithm::ring_hash      ? 0.3
                             : GetParam() == Algorithm::power_of_two ? 0.15
                                                                     : 0.05;
    const std::vector<double> counts = shares(group, 60'000, 150);
    for (std::size_t i = 0; i < 5; i++) {
        const double fair = static_cast<double>(i + 1) / 15;
        EXPECT_NEAR(counts[i], fair, fair * tolerance) << i;
    }
}

// Must show: slow start follows its curve within 5 %, idle or busy, whatever picks.
TEST_P(EverySharing, SlowStartGivesTheFactorsPart) {
    for (const std::size_t in_flight : {1U, 8U, 200U}) {
        Group group{equal(10), settings()};
        const double whole = shares(group, 400'000, in_flight)[3];
        for (const float factor : {0.05F, 0.1F, 0.4F, 0.8F}) {
            group.set.set_factor(3, factor);
            group.settle();
            const double share = shares(group, 400'000, in_flight)[3];
            // A hash gives each backend its keys: what it loses is shared out over the others.
            const double part = whole * static_cast<double>(factor);
            const double expected = is_hash(GetParam()) ? part : part / (part + 1 - whole);
            EXPECT_NEAR(share, expected, expected * 0.05) << factor << " at " << in_flight;
        }
    }
}

TEST_P(EverySharing, NobodyIsHeldBackWhenAllStartAtOnce) {
    Group group{equal(4), settings()};
    for (std::size_t i = 0; i < 4; i++) group.set.set_factor(i, 0.1F);
    group.settle();
    const std::vector<double> counts = shares(group, 20'000, 40);
    const double tolerance = GetParam() == Algorithm::ring_hash ? 0.12 : 0.02;
    for (std::size_t i = 0; i < 4; i++) EXPECT_NEAR(counts[i], 0.25, tolerance) << i;
}

class EveryHash : public ::testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, EveryHash,
                         ::testing::Values(Algorithm::ip_hash, Algorithm::ring_hash,
                                           Algorithm::maglev),
                         [](const auto& test) { return std::string{name_of(test.param)}; });

TEST_P(EveryHash, ADeadBackendMovesItsOwnKeysAndNoOthers) {
    Group group{equal(10), {.algorithm = GetParam()}};
    std::vector<std::size_t> before;
    for (std::uint64_t n = 0; n < 20'000; n++) before.push_back(*group.pick_key(mix(n, 1)));
    group.set.block(4, Block::down);
    std::vector<int> heirs(10);
    for (int settled = 0; settled < 2; settled++) {
        for (std::uint64_t n = 0; n < 20'000; n++) {
            const std::size_t now = *group.pick_key(mix(n, 1));
            if (before[n] == 4) {
                heirs[now]++;
            } else {
                ASSERT_EQ(now, before[n]);
            }
        }
        group.settle();
    }
    for (std::size_t i = 0; i < 10; i++) EXPECT_EQ(heirs[i] > 200, i != 4) << heirs[i];
    group.set.unblock(4, Block::down);
    group.settle();
    for (std::uint64_t n = 0; n < 20'000; n++) ASSERT_EQ(*group.pick_key(mix(n, 1)), before[n]);
}

TEST_P(EveryHash, KeysOfASlowStarterComeBackOneByOneAndStay) {
    Group group{equal(10), {.algorithm = GetParam()}};
    std::vector<bool> had(20'000);
    for (const float factor : {0.1F, 0.4F, 0.7F, 1.0F}) {
        group.set.set_factor(4, factor);
        group.settle();
        for (std::uint64_t n = 0; n < 20'000; n++) {
            const bool has = group.pick_key(mix(n, 1)) == 4U;
            ASSERT_LE(had[n], has) << "it had the key before, and lost it again";
            had[n] = has;
        }
    }
}

// Must show: bounded load is exact within a shard.
TEST_P(EveryHash, NoBackendHasMoreThanItsBound) {
    constexpr float factor = 1.25F;
    std::vector<Backend> backends = equal(20);
    for (std::size_t i = 0; i < 20; i++) backends[i].weight = static_cast<float>(1 + i % 3);
    Group group{backends, {.algorithm = GetParam(), .load_bound = factor}};
    double weight = 0;
    for (const Backend& backend : backends) weight += backend.weight;
    std::vector<std::size_t> line;
    for (std::uint64_t n = 0; n < 20'000; n++) {
        // A hundred keys ask again and again: without a bound a few backends would have it all.
        const std::size_t i = *group.pick_key(mix(n % 100, 3));
        group.load.begin(i);
        const double fair =
            static_cast<double>(group.load.in_flight()) * backends[i].weight / weight;
        ASSERT_LE(group.load.in_flight(i), std::ceil(static_cast<double>(factor) * fair - 1e-6));
        line.push_back(i);
        if (line.size() < 300) continue;
        const std::size_t gone = group.prng.uniform(line.size());
        group.load.end(line[gone]);
        line[gone] = line.back();
        line.pop_back();
    }
}

// A shard with a hundred requests in flight, all of ten hot keys.
struct HotShard {
    HotShard(const BackendSet& backends, const Settings& settings, core::ShardId own,
             std::size_t shards)
        : set(backends),
          load({.backends = backends.size(), .shards = shards, .own = own}),
          picker(set, settings, own.value) {}

    void request(core::Prng& prng) {
        if (line.size() == 100) {
            std::size_t& gone = line[prng.uniform(line.size())];
            load.end(gone);
            gone = line.back();
            line.pop_back();
        }
        line.push_back(*picker.pick(set, load, {.key = mix(prng.uniform(10), 3)}, prng));
        load.begin(line.back());
    }
    void tell(HotShard& other, core::ShardId own) const {
        for (const std::uint32_t row : load.changed()) other.load.take(own, load.row(row), {});
    }

    BackendSet set;
    LoadView load;
    Picker picker;
    std::vector<std::size_t> line;
};

double most_over_fair(const std::vector<HotShard>& shards) {
    std::vector<double> total(shards[0].set.size());
    double all = 0;
    for (const HotShard& shard : shards) {
        for (const std::size_t backend : shard.line) total[backend]++;
        all += static_cast<double>(shard.line.size());
    }
    return std::ranges::max(total) / (all / static_cast<double>(total.size()));
}

// Across shards the bound holds but for what the others have placed since their snapshots: here
// eight shards place ten requests each between snapshots.
TEST_P(EveryHash, TheBoundIsExceededAcrossShardsByWhatSnapshotsDoNotShow) {
    const BackendSet set{equal(20)};
    const Settings settings{.algorithm = GetParam(), .load_bound = 1.25F};
    std::vector<HotShard> shards;
    for (std::uint32_t i = 0; i < 8; i++) shards.emplace_back(set, settings, core::ShardId{i}, 8);
    core::Prng prng{5};
    double worst = 0;
    for (int tick = 0; tick < 2'000; tick++) {
        for (int n = 0; n < 10; n++) {
            for (HotShard& shard : shards) shard.request(prng);
        }
        if (tick > 100) worst = std::max(worst, most_over_fair(shards));
        for (std::uint32_t i = 0; i < 8; i++) {
            for (std::uint32_t step = 1; step < 8; step++) {
                shards[i].tell(shards[(i + step) % 8], core::ShardId{i});
            }
            shards[i].load.published();
        }
    }
    RecordProperty("worst_load_over_fair", std::to_string(worst));
    EXPECT_GT(worst, 1.25);
    EXPECT_LE(worst, 1.5);
}

TEST(Picker, LeastTimePrefersTheFastAndFirstTheFirst) {
    Group timed{equal(2), {.algorithm = Algorithm::least_time}};
    for (int i = 0; i < 200; i++)
        timed.load.observe(i % 2 == 0 ? 0 : 1, i % 2 == 0 ? 1ms : 9ms, timed.now);
    timed.settle();
    EXPECT_NEAR(shares(timed, 10'000, 100)[0], 0.9, 0.02);

    Group filled{equal(3), {.algorithm = Algorithm::first}};
    EXPECT_EQ(filled.pick(), 0U);
    filled.set.block(0, Block::full);
    EXPECT_EQ(filled.pick(), 1U);
}

TEST(Picker, WeightedTurnsStayExactWhenHealthComesAndGoes) {
    std::vector<Backend> backends = equal(4);
    backends[0].weight = 3;
    Group group{backends, {.algorithm = Algorithm::round_robin}};
    group.set.block(3, Block::down);
    group.settle();
    const std::vector<double> without = shares(group, 5'000, 1);
    EXPECT_DOUBLE_EQ(without[3], 0);
    EXPECT_NEAR(without[0], 0.6, 1e-9);
    group.set.unblock(3, Block::down);
    group.settle();
    const std::vector<double> with = shares(group, 6'000, 1);
    EXPECT_NEAR(with[0], 0.5, 0.001);
    EXPECT_NEAR(with[3], 1.0 / 6, 0.001);
}

}  // namespace
}  // namespace ringway::balance
