#include "core/buffer_pool.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace ringway::core {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

std::string_view text_of(const Buffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size()};
}

struct CountingWaiter final : BufferWaiter {
    void on_buffers_back() noexcept override { resumed++; }
    int resumed = 0;
};

TEST(BufferPool, GivesEachBufferToOneOwner) {
    BufferPool pool{{.count = 3, .bytes_each = 64}};
    Buffer a = pool.try_take();
    Buffer b = pool.try_take();
    Buffer c = pool.try_take();
    EXPECT_NE(a.back_room().data(), b.back_room().data());
    EXPECT_NE(b.back_room().data(), c.back_room().data());
    EXPECT_FALSE(pool.try_take());
    EXPECT_EQ(pool.dry_total(), 1U);
    b.reset();
    EXPECT_TRUE(pool.try_take());
}

TEST(BufferPool, TakesTheBufferGivenBackLast) {
    BufferPool pool{{.count = 8, .bytes_each = 64}};
    Buffer first = pool.try_take();
    Buffer second = pool.try_take();
    const std::byte* memory = first.back_room().data();
    second.reset();
    first.reset();
    EXPECT_EQ(pool.try_take().back_room().data(), memory);
}

TEST(BufferPool, AMovedBufferHasOneOwner) {
    BufferPool pool{{.count = 1, .bytes_each = 64}};
    Buffer a = pool.try_take();
    Buffer b = std::move(a);
    EXPECT_FALSE(a);
    EXPECT_TRUE(b);
    EXPECT_EQ(pool.free_count(), 0U);
    b = Buffer{};
    EXPECT_EQ(pool.free_count(), 1U);
}

TEST(BufferPool, ReceivesLandBehindTheFrontRoom) {
    BufferPool pool{{.count = 1, .bytes_each = 64, .front_room = 16}};
    const std::uint16_t index = pool.lend(pool.try_take());
    EXPECT_EQ(pool.receive_space(index).size(), 48U);
    Buffer buffer = pool.reclaim(index, 5);
    EXPECT_EQ(buffer.size(), 5U);
    EXPECT_EQ(buffer.front_room(), 16U);
}

TEST(BufferPool, AHeadCanBePutBeforeABody) {
    BufferPool pool{{.count = 1, .bytes_each = 64, .front_room = 8}};
    Buffer buffer = pool.try_take();
    buffer.append(bytes_of("body"));
    buffer.prepend(bytes_of("head:"));
    EXPECT_EQ(text_of(buffer), "head:body");
    buffer.drop_front(2);
    buffer.drop_back(1);
    EXPECT_EQ(text_of(buffer), "ad:bod");
}

TEST(BufferPoolDeathTest, TwoReclaimsOfOneBufferAreABrokenInvariant) {
    BufferPool pool{{.count = 1, .bytes_each = 64}};
    const std::uint16_t index = pool.lend(pool.try_take());
    Buffer buffer = pool.reclaim(index, 0);
    EXPECT_DEATH(pool.reclaim(index, 0), "CHECK failed");
}

TEST(BufferPool, ResumesWaitersInOrderOnceAQuarterIsBack) {
    BufferPool pool{{.count = 8, .bytes_each = 64}};
    std::vector<Buffer> taken;
    while (Buffer buffer = pool.try_take()) taken.push_back(std::move(buffer));
    CountingWaiter first;
    CountingWaiter second;
    CountingWaiter third;
    pool.wait(first);
    pool.wait(second);
    pool.wait(third);
    taken.pop_back();
    pool.resume_waiters();
    EXPECT_EQ(first.resumed, 0) << "one buffer of eight is not worth a round";
    taken.pop_back();
    pool.resume_waiters();
    EXPECT_EQ(first.resumed, 1);
    EXPECT_EQ(second.resumed, 1);
    EXPECT_EQ(third.resumed, 0) << "two buffers serve two";
    EXPECT_TRUE(third.is_waiting());
    taken.clear();
    pool.resume_waiters();
    EXPECT_EQ(third.resumed, 1);
    EXPECT_FALSE(pool.has_waiters());
}

TEST(BufferPool, AWaiterThatGoesLeavesTheLine) {
    BufferPool pool{{.count = 4, .bytes_each = 64}};
    CountingWaiter first;
    CountingWaiter third;
    {
        CountingWaiter second;
        pool.wait(first);
        pool.wait(second);
        pool.wait(third);
    }
    pool.resume_waiters();
    EXPECT_EQ(first.resumed, 1);
    EXPECT_EQ(third.resumed, 1);
}

TEST(BufferPool, FreesWhatAnEngineHadInItsRing) {
    BufferPool pool{{.count = 4, .bytes_each = 64}};
    pool.lend(pool.try_take());
    pool.lend(pool.try_take());
    EXPECT_EQ(pool.free_count(), 2U);
    pool.reclaim_lent();
    EXPECT_EQ(pool.free_count(), 4U);
}

#ifdef __SANITIZE_ADDRESS__
TEST(BufferPoolDeathTest, LentMemoryIsPoisoned) {
    BufferPool pool{{.count = 1, .bytes_each = 64}};
    Buffer buffer = pool.try_take();
    std::byte* memory = buffer.back_room().data();
    const std::uint16_t index = pool.lend(std::move(buffer));
    EXPECT_DEATH(memory[0] = std::byte{1}, "use-after-poison");
    pool.reclaim(index, 0);
}
#endif

}  // namespace
}  // namespace ringway::core
