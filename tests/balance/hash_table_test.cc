// Maglev's table and the ring, held to the same claims: shares, disruption, order, golden vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/maglev.h"
#include "balance/ring_hash.h"
#include "core/hash.h"
#include "core/prng.h"

namespace ringway::balance {
namespace {

std::vector<HashMember> members(std::uint32_t count) {
    std::vector<HashMember> result;
    for (std::uint32_t i = 0; i < count; i++) {
        const std::string name = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
        result.push_back({.identity = core::hash64(name + ":8080"), .weight = 1, .backend = i});
    }
    return result;
}

constexpr std::uint64_t keys = 200'000;
std::uint64_t key(std::uint64_t n) {
    return mix(n, 4'711);
}

template <class Table>
class HashTableOf : public ::testing::Test {};
using Tables = ::testing::Types<Maglev, RingHash>;
TYPED_TEST_SUITE(HashTableOf, Tables);

TYPED_TEST(HashTableOf, TheOrderOfTheListDoesNotMatter) {
    std::vector<HashMember> list = members(50);
    for (std::uint32_t i = 0; i < 50; i++) list[i].weight = static_cast<float>(1 + i % 3);
    const TypeParam table{list};
    core::Prng prng{3};
    for (int shuffle = 0; shuffle < 3; shuffle++) {
        std::ranges::shuffle(list, prng);
        const TypeParam shuffled{list};
        for (std::uint64_t n = 0; n < keys; n++) ASSERT_EQ(table.at(key(n)), shuffled.at(key(n)));
    }
}

// Must show: at most 0.8 % of the keys move beyond those of the one that was removed.
TYPED_TEST(HashTableOf, RemovingOneOfAHundredMovesHardlyMoreThanItsOwnKeys) {
    const std::vector<HashMember> all = members(100);
    const TypeParam before{all};
    double worst = 0;
    for (const std::size_t removed : {0U, 17U, 42U, 63U, 99U}) {
        std::vector<HashMember> rest = all;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(removed));
        const TypeParam after{rest};
        std::uint64_t moved = 0;
        for (std::uint64_t n = 0; n < keys; n++) {
            const std::size_t was = before.at(key(n));
            if (was != removed && was != after.at(key(n))) moved++;
        }
        worst = std::max(worst, static_cast<double>(moved) / keys);
    }
    EXPECT_LE(worst, 0.008);
    this->RecordProperty("moved_beyond_own_share", std::to_string(worst));
}

TYPED_TEST(HashTableOf, SharesFollowWeights) {
    std::vector<HashMember> list = members(10);
    float total = 0;
    for (std::uint32_t i = 0; i < 10; i++) total += list[i].weight = static_cast<float>(1 + i % 4);
    const TypeParam table{list};
    std::vector<double> shares(10);
    for (std::uint64_t n = 0; n < keys; n++) shares[table.at(key(n))] += 1.0 / keys;
    const double tolerance = std::is_same_v<TypeParam, Maglev> ? 0.04 : 0.25;
    for (std::size_t i = 0; i < 10; i++) {
        const double fair = list[i].weight / total;
        EXPECT_NEAR(shares[i], fair, fair * tolerance) << i;
    }
}

TYPED_TEST(HashTableOf, OneMemberHasAllKeys) {
    const TypeParam table{members(1)};
    for (std::uint64_t n = 0; n < 1'000; n++) EXPECT_EQ(table.at(key(n)), 0U);
    EXPECT_EQ(table.at(0), 0U);
    EXPECT_EQ(table.at(~std::uint64_t{0}), 0U);
}

template <class Table>
std::vector<std::size_t> first_answers(const Table& table) {
    std::vector<std::size_t> answers;
    for (std::uint64_t n = 0; n < 16; n++) answers.push_back(table.at(key(n)));
    return answers;
}

// These are for ever: another release of ringway behind the same router must answer the same.
TEST(GoldenVectors, KeysLandWhereTheyAlwaysDid) {
    EXPECT_EQ(members(1)[0].identity, 5531162688779428286U);
    EXPECT_EQ(key(1), 1'473'306'187'016'145'468U);
    EXPECT_EQ(first_answers(Maglev{members(10)}),
              (std::vector<std::size_t>{1, 1, 8, 7, 9, 7, 8, 1, 9, 1, 3, 0, 7, 2, 1, 9}));
    EXPECT_EQ(first_answers(RingHash{members(10)}),
              (std::vector<std::size_t>{9, 4, 2, 1, 9, 2, 4, 5, 1, 8, 1, 3, 5, 8, 7, 6}));
}

TEST(Maglev, HasThePrimeThatIsNotBelowItsSize) {
    EXPECT_EQ(Maglev(members(3)).size(), 65'537U);
    EXPECT_EQ(Maglev(members(3), 1'000).size(), 1'009U);
}

TEST(Maglev, EqualMembersHaveEqualCells) {
    const Maglev table{members(100)};
    std::vector<int> counts(100);
    for (const std::uint16_t cell : table.cells()) counts[cell]++;
    const auto [least, most] = std::ranges::minmax(counts);
    EXPECT_LE(most - least, 1);
}

TEST(RingHash, RemovalMovesExactlyTheOwnKeys) {
    const std::vector<HashMember> all = members(100);
    const RingHash before{all};
    const RingHash after{std::span{all}.first(99)};
    for (std::uint64_t n = 0; n < keys; n++) {
        if (before.at(key(n)) != 99) {
            ASSERT_EQ(before.at(key(n)), after.at(key(n)));
        }
    }
}

TEST(RingHash, AnswersAsASearchOfThePointsDoes) {
    // A key just at, before and behind every point's place would need the points; the ends of the
    // ring and a dense sample stand for them.
    const RingHash table{members(7), 3};
    EXPECT_EQ(table.size(), 21U);
    for (std::uint64_t place = 0; place < 65'536; place++) {
        const std::size_t here = table.at(place << 48);
        EXPECT_LT(here, 7U);
    }
    EXPECT_EQ(table.at(~std::uint64_t{0}), table.at(0)) << "behind the last point comes the first";
}

}  // namespace
}  // namespace ringway::balance
