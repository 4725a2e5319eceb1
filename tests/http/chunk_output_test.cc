#include "http/chunk_output.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ringway::http {
namespace {

struct ChunkOutput : testing::Test {
    core::BufferPool bodies{{.count = 4, .bytes_each = 4'096}};
    core::BufferPool small{{.count = 1, .bytes_each = 64}};
    core::ByteQueue output;

    core::Buffer body(std::string_view text) {
        core::Buffer buffer = bodies.try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }
    // As full as a buffer can be: the framing behind it needs one of its own.
    core::Buffer full_body() { return body(std::string(4'096, 'x')); }

    std::string written() {
        std::string text;
        while (!output.empty()) {
            const core::Buffer buffer = output.pop();
            text.append(reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size());
        }
        return text;
    }
};

TEST_F(ChunkOutput, FramesEachPieceAndEndsTheBody) {
    EXPECT_TRUE(push_chunk(output, body("abc"), small));
    EXPECT_TRUE(push_chunk(output, body("0123456789abcdef"), small));
    EXPECT_TRUE(push_last_chunk(output, small));
    EXPECT_EQ(written(), "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

TEST_F(ChunkOutput, HasTrailersBetweenTheLastChunkAndTheEnd) {
    EXPECT_TRUE(push_chunk(output, body("abc"), small));
    EXPECT_TRUE(push_last_chunk(output, body("A: b\r\n"), small));
    EXPECT_EQ(written(), "3\r\nabc\r\n0\r\nA: b\r\n\r\n");
}

TEST_F(ChunkOutput, SaysSoWhenThereIsNoRoomForTheFraming) {
    const core::Buffer taken = small.try_take();
    EXPECT_FALSE(push_chunk(output, body("abc"), small));
    EXPECT_FALSE(push_last_chunk(output, small));
    EXPECT_FALSE(push_last_chunk(output, body("A: b\r\n"), small));
    EXPECT_TRUE(output.empty());
}

TEST_F(ChunkOutput, SaysSoWhenThereIsRoomForHalfOfIt) {
    EXPECT_FALSE(push_chunk(output, full_body(), small));
    EXPECT_EQ(written(), "1000\r\n" + std::string(4'096, 'x'));
}

}  // namespace
}  // namespace ringway::http
