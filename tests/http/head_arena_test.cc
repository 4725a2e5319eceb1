#include "http/head_arena.h"

#include <gtest/gtest.h>

#include "tests/http/memory_fixture.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

class HeadArenaTest : public fakes::MemoryTest {};

TEST_F(HeadArenaTest, AKeptHeadOutlivesTheBytesItWasParsedFrom) {
    HeadArena arena;
    EXPECT_TRUE(arena.empty());
    {
        const tests::ParsedRequest parsed = tests::parse_request(
            "POST /p?q=1 HTTP/1.1\r\nHost: example\r\nX-One: 1\r\nContent-Length: 5\r\n\r\n");
        ASSERT_TRUE(arena.keep(context, parsed.head));
        // Its pages are gone with it, so who still looked there would die.
    }
    EXPECT_FALSE(arena.empty());
    const RequestHead& head = arena.head();
    EXPECT_EQ(head.at(head.target), "/p?q=1");
    EXPECT_EQ(head.at(head.path), "/p");
    EXPECT_EQ(head.at(head.host), "example");
    EXPECT_EQ(head.method, Method::post);
    EXPECT_EQ(head.content_length, 5U);
    ASSERT_EQ(head.fields.size(), 3U);
    EXPECT_EQ(head.name(head.fields[1]), "X-One");
    EXPECT_EQ(head.value(head.fields[1]), "1");
    EXPECT_EQ(std::string_view(head.base, head.bytes).substr(0, 4), "POST");
}

TEST_F(HeadArenaTest, KeepsTheLargestHeadThereMayBe) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 100; i++)
        text += "X-" + std::to_string(i) + ": " + std::string(300, 'v') + "\r\n";
    text += "\r\n";
    const tests::ParsedRequest parsed = tests::parse_request(text);
    ASSERT_EQ(parsed.result, Parse::complete);
    HeadArena arena;
    ASSERT_TRUE(arena.keep(context, parsed.head));
    EXPECT_EQ(arena.head().fields.size(), 101U);
    EXPECT_EQ(arena.head().value(arena.head().fields[100]), std::string(300, 'v'));
    EXPECT_EQ(small.free_count(), small.count());
}

TEST_F(HeadArenaTest, WithoutABufferItIsEmptyAndSaysSo) {
    dry();
    const tests::ParsedRequest parsed = tests::parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    HeadArena arena;
    EXPECT_FALSE(arena.keep(context, parsed.head));
    EXPECT_TRUE(arena.empty());
}

TEST_F(HeadArenaTest, GivesItsBufferBackWhenCleared) {
    const tests::ParsedRequest parsed = tests::parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    HeadArena arena;
    ASSERT_TRUE(arena.keep(context, parsed.head));
    EXPECT_EQ(small.free_count(), small.count() - 1);
    arena.clear();
    EXPECT_EQ(small.free_count(), small.count());
}

}  // namespace
}  // namespace ringway::http
