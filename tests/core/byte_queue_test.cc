#include "core/byte_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "core/prng.h"

namespace ringway::core {
namespace {

class ByteQueueTest : public testing::Test {
protected:
    Buffer buffer_of(std::string_view text) {
        Buffer buffer = pool_.try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }

    // What a peer would receive, send by send.
    std::vector<std::string> sends() {
        std::vector<std::string> result;
        while (!queue_.empty()) {
            const std::size_t size = queue_.begin_send().size();
            EXPECT_TRUE(queue_.is_sending());
            // Lent memory is the kernel's; a copy is read before, as the kernel would.
            EXPECT_EQ(queue_.end_send(), size);
            result.push_back(std::string(size, '?'));
        }
        return result;
    }

    std::string drain() {
        std::string text;
        while (!queue_.empty()) {
            const Buffer buffer = queue_.pop();
            text.append(reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size());
        }
        return text;
    }

    BufferPool pool_{{.count = 64, .bytes_each = 256, .front_room = 32}};
    ByteQueue queue_;
};

TEST_F(ByteQueueTest, JoinsAHeadAndItsBodyIntoOneSend) {
    queue_.push(buffer_of("head\r\n\r\n"));
    queue_.push(buffer_of(std::string(200, 'b')));
    EXPECT_EQ(queue_.size(), 208U);
    EXPECT_EQ(sends().size(), 1U);
    EXPECT_EQ(pool_.free_count(), 64U);
}

TEST_F(ByteQueueTest, PutsAShortHeadIntoTheRoomBeforeALongBody) {
    queue_.push(buffer_of("head"));
    Buffer body = buffer_of(std::string(224, 'b'));
    EXPECT_EQ(body.back_room().size(), 0U);
    queue_.push(std::move(body));
    EXPECT_EQ(pool_.free_count(), 63U) << "the head's own buffer went back";
    EXPECT_EQ(drain(), "head" + std::string(224, 'b'));
}

TEST_F(ByteQueueTest, NeverJoinsWithWhatTheKernelHas) {
    queue_.push(buffer_of("first"));
    queue_.begin_send();
    queue_.push(buffer_of("second"));
    ASSERT_TRUE(queue_.try_copy(std::as_bytes(std::span{"third", 5}), pool_));
    EXPECT_EQ(queue_.size(), 16U);
    EXPECT_EQ(queue_.end_send(), 5U);
    EXPECT_EQ(drain(), "secondthird");
}

TEST_F(ByteQueueTest, LendsAsManyBuffersAsOneSendMayHave) {
    for (int i = 0; i < 5; i++)
        queue_.push(buffer_of(std::string(224, static_cast<char>('a' + i))));
    std::array<Part, 3> space;
    const std::span<const Part> parts = queue_.begin_send(space);
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(parts[2].size(), 224U);
    EXPECT_EQ(queue_.size(), 5U * 224U) << "what is being sent is still here";
    EXPECT_EQ(queue_.end_send(), 3U * 224U);
    EXPECT_EQ(queue_.size(), 2U * 224U);
    EXPECT_EQ(queue_.begin_send(space).size(), 2U);
    EXPECT_EQ(queue_.end_send(), 2U * 224U);
    EXPECT_EQ(pool_.free_count(), 64U);
}

TEST_F(ByteQueueTest, LendsALongBufferAlone) {
    BufferPool pool{{.count = 4, .bytes_each = 100'000}};
    for (const std::size_t size : {90'000U, 30'000U, 30'000U, 30'000U}) {
        Buffer buffer = pool.try_take();
        buffer.extend(size);
        queue_.push(std::move(buffer));
    }
    std::array<Part, 8> space;
    EXPECT_EQ(queue_.begin_send(space).size(), 1U);
    EXPECT_EQ(queue_.end_send(), 90'000U);
    EXPECT_EQ(queue_.begin_send(space).size(), 2U);
    EXPECT_EQ(queue_.end_send(), 60'000U);
    queue_.clear();
}

TEST_F(ByteQueueTest, EmptyBuffersVanish) {
    queue_.push(Buffer{});
    queue_.push(buffer_of(""));
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(pool_.free_count(), 64U);
}

TEST_F(ByteQueueTest, CopiesAllOrNothing) {
    std::vector<Buffer> taken;
    while (pool_.free_count() > 2) taken.push_back(pool_.try_take());
    const std::string text(3UL * 224, 'x');
    EXPECT_FALSE(queue_.try_copy(std::as_bytes(std::span{text}), pool_));
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(pool_.free_count(), 2U);
    EXPECT_TRUE(queue_.try_copy(std::as_bytes(std::span{text}.first(2UL * 224)), pool_));
    EXPECT_EQ(queue_.size(), 2U * 224U);
}

TEST_F(ByteQueueTest, KeepsOrderWhateverIsJoined) {
    Prng prng{7};
    for (int round = 0; round < 500; round++) {
        std::string expected;
        for (int part = 0; part < 12; part++) {
            std::string text(prng.uniform(225), static_cast<char>('a' + part));
            expected += text;
            if (prng.chance(0.5)) {
                queue_.push(buffer_of(text));
            } else {
                ASSERT_TRUE(queue_.try_copy(std::as_bytes(std::span{text}), pool_));
            }
        }
        ASSERT_EQ(queue_.size(), expected.size());
        ASSERT_EQ(drain(), expected);
        ASSERT_EQ(queue_.size(), 0U);
        ASSERT_EQ(pool_.free_count(), 64U);
    }
}

}  // namespace
}  // namespace ringway::core
