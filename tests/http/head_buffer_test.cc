#include "http/head_buffer.h"

#include <gtest/gtest.h>

#include "tests/http/memory_fixture.h"

namespace ringway::http {
namespace {

class HeadBufferTest : public fakes::MemoryTest {};

TEST_F(HeadBufferTest, JoinsWhatArrivesInAnyPieces) {
    const std::string text(9'000, 'a');
    for (const std::size_t piece : {1U, 7U, 100U, 4'000U, 9'000U}) {
        HeadBuffer buffer;
        EXPECT_TRUE(buffer.empty());
        for (std::size_t at = 0; at < text.size(); at += piece) {
            ASSERT_TRUE(buffer.append(context, bytes(text.substr(at, piece))));
            ASSERT_EQ(buffer.text().size(), std::min(text.size(), at + piece));
        }
        EXPECT_EQ(buffer.text(), text);
        buffer.clear();
        EXPECT_EQ(small.free_count(), small.count());
        EXPECT_EQ(large.free_count(), large.count());
    }
}

TEST_F(HeadBufferTest, HoldsASmallBufferAsLongAsItsBytesFit) {
    HeadBuffer buffer;
    ASSERT_TRUE(buffer.append(context, bytes("G")));
    EXPECT_EQ(small.free_count(), small.count() - 1);
    ASSERT_TRUE(buffer.append(context, bytes(std::string(4'095, 'x'))));
    EXPECT_EQ(large.free_count(), large.count());
    ASSERT_TRUE(buffer.append(context, bytes("y")));
    EXPECT_EQ(small.free_count(), small.count());
    EXPECT_EQ(large.free_count(), large.count() - 1);
    EXPECT_TRUE(buffer.text().ends_with("xy"));
}

TEST_F(HeadBufferTest, RemembersHowMuchAParseSawUntilItIsTaken) {
    HeadBuffer buffer;
    ASSERT_TRUE(buffer.append(context, bytes("GET")));
    EXPECT_EQ(buffer.seen(), 0U);
    buffer.set_seen();
    ASSERT_TRUE(buffer.append(context, bytes(" /")));
    EXPECT_EQ(buffer.seen(), 3U);
    const core::Buffer whole = buffer.take();
    EXPECT_EQ(whole.size(), 5U);
    EXPECT_EQ(buffer.seen(), 0U);
    EXPECT_TRUE(buffer.empty());
}

TEST_F(HeadBufferTest, WhatDoesNotFitAnywhereIsRefusedAndTheRestKept) {
    HeadBuffer buffer;
    ASSERT_TRUE(buffer.append(context, bytes("GET")));
    dry();
    EXPECT_TRUE(buffer.append(context, bytes(" /")));
    EXPECT_FALSE(buffer.append(context, bytes(std::string(5'000, 'x'))));
    EXPECT_EQ(buffer.text(), "GET /");
}

}  // namespace
}  // namespace ringway::http
