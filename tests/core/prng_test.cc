#include "core/prng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace ringway::core {
namespace {

static_assert(std::uniform_random_bit_generator<Prng>);

// The reference implementation's first outputs from the state {1, 2, 3, 4}.
TEST(Prng, ReproducesTheReferenceSequenceOfXoshiro256PlusPlus) {
    Prng prng{Prng::State{1, 2, 3, 4}};
    constexpr std::array<std::uint64_t, 10> expected{
        41943041ULL,
        58720359ULL,
        3588806011781223ULL,
        3591011842654386ULL,
        9228616714210784205ULL,
        9973669472204895162ULL,
        14011001112246962877ULL,
        12406186145184390807ULL,
        15849039046786891736ULL,
        10450023813501588000ULL,
    };
    for (const std::uint64_t value : expected) EXPECT_EQ(prng(), value);
}

TEST(Prng, SeedsThroughTheReferenceSequenceOfSplitmix64) {
    std::uint64_t seed = 1234567;
    EXPECT_EQ(Prng::splitmix(seed), 6457827717110365317ULL);
    EXPECT_EQ(Prng::splitmix(seed), 3203168211198807973ULL);
    EXPECT_EQ(Prng::splitmix(seed), 9817491932198370423ULL);
    EXPECT_EQ(Prng::splitmix(seed), 4593380528125082431ULL);
    EXPECT_EQ(Prng::splitmix(seed), 16408922859458223821ULL);
    Prng from_seed{1234567};
    Prng from_state{Prng::State{6457827717110365317ULL, 3203168211198807973ULL,
                                9817491932198370423ULL, 4593380528125082431ULL}};
    EXPECT_EQ(from_seed(), from_state());
}

TEST(Prng, RepeatsItselfFromTheSameSeedOnly) {
    Prng a{42};
    Prng b{42};
    Prng c{43};
    int same = 0;
    for (int i = 0; i < 100; i++) {
        const std::uint64_t value = a();
        EXPECT_EQ(value, b());
        if (value == c()) same++;
    }
    EXPECT_EQ(same, 0);
}

TEST(Prng, DrawsEveryNumberBelowABoundAboutEquallyOften) {
    Prng prng{1};
    constexpr std::size_t bound = 7;
    constexpr int draws = 70'000;
    std::array<int, bound> counts{};
    for (int i = 0; i < draws; i++) counts.at(prng.uniform(bound))++;
    // Chi-squared with 6 degrees of freedom: above 22.5 in one run of a thousand.
    double chi_squared = 0;
    for (const int count : counts) {
        const double off = count - draws / static_cast<double>(bound);
        chi_squared += off * off / (draws / static_cast<double>(bound));
    }
    EXPECT_LT(chi_squared, 22.5);
}

// With a plain modulo the lower third would come up twice as often: 2^64 is 1.33 times the bound.
TEST(Prng, IsNotBiasedByABoundThatDoesNotDivideItsRange) {
    Prng prng{2};
    constexpr std::uint64_t bound = 0xc000'0000'0000'0000;
    int lower = 0;
    for (int i = 0; i < 30'000; i++) {
        const std::uint64_t value = prng.uniform(bound);
        ASSERT_LT(value, bound);
        if (value < bound / 3) lower++;
    }
    EXPECT_NEAR(lower, 10'000, 400);
}

TEST(Prng, AlwaysDrawsZeroBelowOne) {
    Prng prng{3};
    for (int i = 0; i < 100; i++) EXPECT_EQ(prng.uniform(1), 0U);
}

TEST(Prng, ChanceKeepsItsProbability) {
    Prng prng{4};
    int hits = 0;
    for (int i = 0; i < 100'000; i++) {
        if (prng.chance(0.3)) hits++;
        EXPECT_FALSE(prng.chance(0));
        EXPECT_TRUE(prng.chance(1));
    }
    EXPECT_NEAR(hits, 30'000, 600);
}

TEST(Prng, RealStaysInItsHalfOpenRangeWithItsMeanInTheMiddle) {
    Prng prng{5};
    double sum = 0;
    for (int i = 0; i < 100'000; i++) {
        const double value = prng.real();
        ASSERT_GE(value, 0);
        ASSERT_LT(value, 1);
        sum += value;
    }
    EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

}  // namespace
}  // namespace ringway::core
