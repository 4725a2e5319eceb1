#include "balance/index_bits.h"

#include <gtest/gtest.h>

#include <set>

#include "core/prng.h"

namespace ringway::balance {
namespace {

TEST(IndexBits, AnswersAsASortedSetDoes) {
    for (const std::size_t size : {1U, 63U, 64U, 65U, 4'096U, 4'097U, 20'000U}) {
        IndexBits bits{size};
        std::set<std::size_t> known;
        core::Prng prng{size};
        for (int step = 0; step < 5'000; step++) {
            const std::size_t i = prng.uniform(size);
            if (prng.chance(0.5)) {
                bits.insert(i);
                known.insert(i);
            } else {
                bits.erase(i);
                known.erase(i);
            }
            const std::size_t from = prng.uniform(size + 2);
            const auto expected = known.lower_bound(from);
            const auto found = bits.next(from);
            ASSERT_EQ(found.has_value(), expected != known.end()) << size << " from " << from;
            if (found) {
                ASSERT_EQ(*found, *expected);
            }
        }
    }
}

}  // namespace
}  // namespace ringway::balance
