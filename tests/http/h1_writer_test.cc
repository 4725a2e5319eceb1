#include "http/h1_writer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using tests::parse_request;
using tests::parse_response;
using tests::ParsedRequest;
using tests::ParsedResponse;

// Writes into exactly the room that was promised to be enough.
std::string write(const RequestHead& head, const HeadEdits& edits = {}, WriteOptions options = {}) {
    std::string space(written_size_max(head, edits), '#');
    space.resize(write_request_head(head, edits, options, space));
    return space;
}

std::string write(const ResponseHead& head, const HeadEdits& edits = {},
                  WriteOptions options = {}) {
    std::string space(written_size_max(head, edits), '#');
    space.resize(write_response_head(head, edits, options, space));
    return space;
}

TEST(RequestWriter, CopiesWhatNobodyEdits) {
    const std::string head =
        "GET /path?query HTTP/1.1\r\nHost: a\r\nX-Odd:no space\r\nX-TaB:\t spaced "
        "\t\r\nEmpty:\r\n\r\n";
    const ParsedRequest parsed = parse_request(head);
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(write(parsed.head), head);
}

TEST(RequestWriter, LeavesOutDroppedFieldsAndAddsOthersBehind) {
    const ParsedRequest parsed = parse_request(
        "GET / HTTP/1.1\r\nConnection: x\r\nHost: a\r\nB:1\r\nC: 2\r\nD: 3\r\nTE: y\r\n\r\n");
    HeadEdits edits;
    for (const std::size_t index : {0u, 3u, 5u}) edits.drop(index);
    edits.add("Via", "1.1 ringway");
    edits.add("X", "");
    EXPECT_EQ(write(parsed.head, edits),
              "GET / HTTP/1.1\r\nHost: a\r\nB:1\r\nD: 3\r\nVia: 1.1 ringway\r\nX: \r\n\r\n");
}

TEST(RequestWriter, SaysTheFramingAndTheConnectionOfThisHop) {
    const ParsedRequest parsed = parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(
        write(parsed.head, {}, {Framing::chunked, ConnectionField::close}),
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(write(parsed.head, {}, {Framing::length, ConnectionField::keep_alive}),
              "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
}

struct TargetCase {
    std::string_view came;
    std::string_view goes;
};

TEST(RequestWriter, AsksInOriginForm) {
    const std::vector<TargetCase> cases = {
        {"GET http://a/b?c", "GET /b?c"},
        {"GET http://a", "GET /"},
        {"GET http://a?c", "GET /?c"},
        {"OPTIONS http://a", "OPTIONS *"},
        {"OPTIONS *", "OPTIONS *"},
        {"OPTIONS http://a/", "OPTIONS /"},
        {"OPTIONS http://a?b", "OPTIONS /?b"},
        {"GET /http://a/", "GET /http://a/"},
    };
    for (const TargetCase& target : cases) {
        const ParsedRequest parsed =
            parse_request("\r\n" + std::string(target.came) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << target.came;
        EXPECT_EQ(write(parsed.head), std::string(target.goes) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }
}

TEST(RequestWriter, WritesVersion11WhateverCame) {
    const ParsedRequest old = parse_request("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(write(old.head), "GET / HTTP/1.1\r\n\r\n");
    const ParsedRequest later = parse_request("GET / HTTP/1.7\r\nHost: a\r\n\r\n");
    EXPECT_EQ(write(later.head), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestWriter, DropsAnySetOfManyFields) {
    std::mt19937 random(20261120);
    HeadLimits limits;
    limits.header_count_max = 256;
    for (int round = 0; round < 300; ++round) {
        const std::size_t count = random() % 257;
        const unsigned share = random() % 4;
        HeadEdits edits;
        std::string came = "GET / HTTP/1.0\r\n";
        std::string wanted = "GET / HTTP/1.1\r\n";
        for (std::size_t i = 0; i < count; ++i) {
            const std::string line = "F" + std::to_string(i) + (i % 2 == 0 ? ": " : ":") + "v\r\n";
            came += line;
            if (random() % 4 < share) {
                edits.drop(i);
            } else {
                wanted += line;
            }
        }
        const ParsedRequest parsed = parse_request(came + "\r\n", limits);
        ASSERT_EQ(parsed.result, Parse::complete);
        EXPECT_EQ(write(parsed.head, edits), wanted + "\r\n");
    }
}

TEST(RequestWriter, WritesWhatParsesToTheSame) {
    for (const std::string_view text :
         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "POST /a?b HTTP/1.1\r\nHost: [::1]:1\r\nContent-Length: 5\r\nX:\r\nX:  y  \r\n\r\n",
          "PUT /a HTTP/1.1\r\nHOST:a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"}) {
        const ParsedRequest first = parse_request(text);
        ASSERT_EQ(first.result, Parse::complete);
        const std::string written = write(first.head);
        EXPECT_EQ(written, text);
        const ParsedRequest second = parse_request(written);
        ASSERT_EQ(second.result, Parse::complete);
        EXPECT_EQ(second.fields(), first.fields());
        EXPECT_EQ(second.head.framing, first.head.framing);
        EXPECT_EQ(second.head.expects_continue, first.head.expects_continue);
        EXPECT_EQ(second.text(second.head.host), first.text(first.head.host));
    }
}

TEST(ResponseWriter, CopiesWhatNobodyEdits) {
    for (const std::string_view head :
         {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 Not Found\r\nX:y\r\n\r\n",
          "HTTP/1.1 599 \r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
          "HTTP/1.1 999 Caf\xc3\xa9 au lait\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n"}) {
        const ParsedResponse parsed = parse_response(head);
        ASSERT_EQ(parsed.result, Parse::complete) << head;
        EXPECT_EQ(write(parsed.head), head);
    }
}

TEST(ResponseWriter, SetsRightVersionAndMissingSpace) {
    const ParsedResponse parsed = parse_response("HTTP/1.0 200\r\nA: b\r\n\r\n");
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(write(parsed.head), "HTTP/1.1 200 \r\nA: b\r\n\r\n");
}

TEST(ResponseWriter, AppliesEditsAndOptions) {
    const ParsedResponse parsed = parse_response(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: x\r\nConnection: close\r\n\r\n");
    HeadEdits edits;
    edits.drop(0);
    edits.drop(2);
    edits.add("Via", "1.1 ringway");
    EXPECT_EQ(write(parsed.head, edits, {Framing::chunked, ConnectionField::keep_alive}),
              "HTTP/1.1 200 OK\r\nServer: x\r\nVia: 1.1 ringway\r\nTransfer-Encoding: chunked\r\n"
              "Connection: keep-alive\r\n\r\n");
}

}  // namespace
}  // namespace ringway::http
