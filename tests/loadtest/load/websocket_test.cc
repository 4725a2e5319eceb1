#include "loadtest/load/websocket.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "http/h1_parser.h"
#include "loadtest/body_pattern.h"

namespace ringway::loadtest {
namespace {

using std::string_literals::operator""s;

std::string pattern(std::size_t size) {
    const auto piece = pattern_piece(0, size);
    return {reinterpret_cast<const char*>(piece.data()), piece.size()};
}

// As a server sends it: not masked.
std::string frame(std::uint8_t first, const std::string& payload) {
    std::string text(1, static_cast<char>(first));
    if (payload.size() < 126) return text + static_cast<char>(payload.size()) + payload;
    const auto size = payload.size();
    text += '\x7e';
    text += static_cast<char>(size >> 8);
    return text + static_cast<char>(size & 0xff) + payload;
}

struct Story {
    std::vector<std::string> messages = {""};  // The last one is the one that has not ended.
    std::vector<std::string> pings = {};
    bool closes = false;
    bool is_malformed = false;
    bool operator==(const Story&) const = default;
};

Story read(const std::string& bytes, std::size_t piece) {
    FrameReader reader;
    Story story;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        std::span<const std::byte> rest =
            std::as_bytes(std::span{bytes}.subspan(at, std::min(piece, bytes.size() - at)));
        while (!rest.empty() && !story.is_malformed) {
            const FrameReader::Progress progress = reader.read(rest);
            rest = rest.subspan(progress.consumed);
            story.messages.back().append(reinterpret_cast<const char*>(progress.payload.data()),
                                         progress.payload.size());
            if (progress.message_ended) story.messages.emplace_back();
            if (progress.ping_ended) story.pings.emplace_back(reader.control_payload());
            story.closes |= progress.closes;
            story.is_malformed |= progress.is_malformed;
        }
    }
    return story;
}

// Whatever the pieces.
Story read(const std::string& bytes) {
    const Story whole = read(bytes, bytes.size());
    for (std::size_t piece = 1; piece < 12; piece++) EXPECT_EQ(read(bytes, piece), whole) << piece;
    return whole;
}

TEST(FrameReader, ReadsMessagesOfEveryLength) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 300U, 65'535U}) {
        const Story story = read(frame(0x82, std::string(size, 'x')) + frame(0x81, "y"));
        ASSERT_EQ(story.messages.size(), 3U) << size;
        EXPECT_EQ(story.messages[0].size(), size);
        EXPECT_EQ(story.messages[1], "y");
    }
}

TEST(FrameReader, ReadsALengthOfEightBytes) {
    const std::string head = "\x82\x7f\0\0\0\0\0\1\0\0"s;
    const Story story = read(head + std::string(65'536, 'x'));
    ASSERT_EQ(story.messages.size(), 2U);
    EXPECT_EQ(story.messages[0].size(), 65'536U);
}

TEST(FrameReader, JoinsFragmentsWithControlFramesBetweenThem) {
    const Story story =
        read(frame(0x02, "AB") + frame(0x89, "ping") + frame(0x00, "CD") + frame(0x80, "E"));
    EXPECT_EQ(story.messages, (std::vector<std::string>{"ABCDE", ""}));
    EXPECT_EQ(story.pings, std::vector<std::string>{"ping"});
}

TEST(FrameReader, HearsTheEnd) {
    EXPECT_TRUE(read(frame(0x88, "\x03\xe8")).closes);
    EXPECT_TRUE(read(frame(0x88, "")).closes);
}

TEST(FrameReader, RefusesWhatAServerMayNotSend) {
    EXPECT_TRUE(read(frame(0x83, "a")).is_malformed) << "an unknown kind";
    EXPECT_TRUE(read(frame(0xc2, "a")).is_malformed) << "an extension that was not agreed";
    EXPECT_TRUE(read("\x82\x81maskA"s).is_malformed) << "a mask";
    EXPECT_TRUE(read(frame(0x80, "a")).is_malformed) << "the end of nothing";
    EXPECT_TRUE(read(frame(0x02, "a") + frame(0x82, "b")).is_malformed) << "a second beginning";
    EXPECT_TRUE(read(frame(0x09, "a")).is_malformed) << "a ping in fragments";
    EXPECT_TRUE(read(frame(0x89, std::string(126, 'a'))).is_malformed) << "a long ping";
}

TEST(WebSocketFrame, IsThePatternUnderItsMask) {
    for (const std::size_t size : {1U, 125U, 126U, 1'000U}) {
        const std::string sent = write_pattern_frame(size);
        const std::size_t head = size < 126 ? 2 : 4;
        ASSERT_EQ(sent.size(), head + 4 + size);
        EXPECT_EQ(static_cast<std::uint8_t>(sent[0]), 0x82);
        EXPECT_NE(sent[1] & 0x80, 0) << "a client has to mask";
        std::string payload = sent.substr(head + 4);
        for (std::size_t i = 0; i < size; i++) {
            payload[i] = static_cast<char>(payload[i] ^ sent[head + i % 4]);
        }
        EXPECT_EQ(payload, pattern(size));
    }
    EXPECT_EQ(write_pattern_frame(70'000).size(), 10 + 4 + 70'000U);
}

bool agreed(const std::string& answer) {
    const auto table = std::make_unique<http::FieldTable>();
    http::ResponseHead head;
    http::Refusal refusal = http::Refusal::none;
    EXPECT_EQ(
        http::parse_response_head({.bytes = answer}, {}, http::Method::get, *table, head, refusal),
        http::Parse::complete);
    return is_handshake_agreed(head);
}

TEST(WebSocketHandshake, AsksWithTheKeyOfTheRfcAndKnowsItsAnswer) {
    const std::string text = write_handshake({.host = "a", .target = "/echo"}, {});
    EXPECT_TRUE(text.starts_with("GET /echo HTTP/1.1\r\nHost: a\r\n"));
    EXPECT_NE(text.find("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), std::string::npos);
    const std::string start =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: ";
    EXPECT_TRUE(agreed(start + "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
    EXPECT_FALSE(agreed(start + "c3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
    EXPECT_FALSE(agreed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

}  // namespace
}  // namespace ringway::loadtest
