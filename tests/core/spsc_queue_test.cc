#include "core/spsc_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <thread>

#include "core/prng.h"

namespace ringway::core {
namespace {

TEST(SpscQueue, GivesBackWhatItWasGivenInOrder) {
    SpscQueue<int> queue{4};
    EXPECT_TRUE(queue.empty());
    for (int i = 0; i < 4; i++) EXPECT_TRUE(queue.try_push(i));
    int item = -1;
    for (int i = 0; i < 4; i++) {
        EXPECT_FALSE(queue.empty());
        ASSERT_TRUE(queue.try_pop(item));
        EXPECT_EQ(item, i);
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(queue.try_pop(item));
}

TEST(SpscQueue, DeclinesWhatDoesNotFit) {
    SpscQueue<int> queue{2};
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_FALSE(queue.is_full());
    EXPECT_TRUE(queue.try_push(2));
    EXPECT_TRUE(queue.is_full());
    EXPECT_FALSE(queue.try_push(3));
    int item = 0;
    ASSERT_TRUE(queue.try_pop(item));
    EXPECT_FALSE(queue.is_full());
    EXPECT_TRUE(queue.try_push(4));
    std::array<int, 4> items{};
    EXPECT_EQ(queue.pop_batch(items), 2U);
    EXPECT_EQ(items[0], 2);
    EXPECT_EQ(items[1], 4);
}

TEST(SpscQueue, HoldsOneItemAtCapacityOne) {
    SpscQueue<int> queue{1};
    int item = 0;
    for (int i = 0; i < 10; i++) {
        ASSERT_TRUE(queue.try_push(i));
        ASSERT_FALSE(queue.try_push(i));
        ASSERT_TRUE(queue.try_pop(item));
        ASSERT_EQ(item, i);
    }
}

TEST(SpscQueueDeathTest, CapacityIsAPowerOfTwo) {
    EXPECT_DEATH(SpscQueue<int>{0}, "CHECK failed");
    EXPECT_DEATH(SpscQueue<int>{3}, "CHECK failed");
}

class SpscQueueSizes : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SpscQueueSizes, AgreesWithADequeOverARandomLife) {
    const std::uint32_t capacity = GetParam();
    SpscQueue<std::uint64_t> queue{capacity};
    std::deque<std::uint64_t> model;
    Prng prng{capacity};
    std::array<std::uint64_t, 16> items{};
    for (std::uint64_t i = 0; i < 20'000; i++) {
        if (prng.chance(0.6)) {
            ASSERT_EQ(queue.try_push(i), model.size() < capacity);
            if (model.size() < capacity) model.push_back(i);
        }
        const std::size_t wanted = prng.chance(0.5) ? prng.uniform(items.size() + 1) : 0;
        const std::size_t count = queue.pop_batch({items.data(), wanted});
        ASSERT_EQ(count, std::min(wanted, model.size()));
        for (std::size_t j = 0; j < count; j++, model.pop_front()) {
            ASSERT_EQ(items[j], model.front());
        }
        ASSERT_EQ(queue.empty(), model.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Capacities, SpscQueueSizes, testing::Values(1U, 2U, 8U, 64U));

// Wide enough that a torn or early read shows as a difference between its words.
struct Wide {
    std::array<std::uint64_t, 6> words;
};

// Under TSan this is the proof that the memory orders suffice on this machine; the model check is
// the proof for all.
TEST(SpscQueueThreads, MillionsOfItemsArriveWholeOnceAndInOrder) {
    constexpr std::uint64_t count = 2'000'000;
    SpscQueue<Wide> queue{64};
    std::thread producer{[&queue] {
        for (std::uint64_t i = 0; i < count; i++) {
            Wide item{};
            item.words.fill(i);
            while (!queue.try_push(item)) std::this_thread::yield();
        }
    }};
    std::array<Wide, 16> items{};
    std::uint64_t next = 0;
    std::uint64_t wrong = 0;
    while (next < count) {
        // Batches and single items in turn.
        const std::size_t taken = queue.pop_batch({items.data(), next % 2 == 0 ? 1U : 16U});
        if (taken == 0) std::this_thread::yield();
        for (std::size_t i = 0; i < taken; i++, next++) {
            for (const std::uint64_t word : items[i].words) wrong += word != next ? 1U : 0U;
        }
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace ringway::core
