// Responses: what is read from them, and where their bodies end. By which rules they are refused
// is in refusal_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using namespace std::literals;
using tests::parse_response;
using tests::ParsedResponse;

std::string line(std::string_view status_line) {
    return std::string(status_line) + "\r\nContent-Length: 0\r\n\r\n";
}
std::string fields(std::string_view lines) {
    return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}

TEST(ResponseHead, IsReadIntoItsParts) {
    const std::string head = "HTTP/1.1 404 Not Found \r\nServer: x\r\nContent-Length: 12\r\n\r\n";
    const ParsedResponse parsed = parse_response(head + "body");
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(parsed.head.bytes, head.size());
    EXPECT_EQ(parsed.head.status, 404);
    EXPECT_EQ(parsed.text(parsed.head.reason), "Not Found ");
    EXPECT_EQ(parsed.head.minor_version, 1);
    EXPECT_EQ(parsed.head.framing, Framing::length);
    EXPECT_EQ(parsed.head.content_length, 12u);
    EXPECT_TRUE(parsed.head.keep_alive);
    EXPECT_EQ(parsed.fields(), (std::vector<std::string>{"Server=x", "Content-Length=12"}));
}

TEST(ResponseHead, MayHaveAnyReasonOrNone) {
    for (const std::string_view reason : {"", " ", " OK", " A longer one: \xc3\xa4\t!", "  "}) {
        const ParsedResponse parsed = parse_response(line("HTTP/1.1 299" + std::string(reason)));
        ASSERT_EQ(parsed.result, Parse::complete) << reason;
        EXPECT_EQ(parsed.head.status, 299);
        EXPECT_EQ(parsed.text(parsed.head.reason), reason.substr(reason.empty() ? 0 : 1));
    }
}

struct FramingCase {
    std::string_view start;
    std::string_view fields;
    Method request;
    Framing framing;
    std::uint64_t length;
    bool keep_alive;
};

TEST(ResponseHead, SaysWhereTheBodyEnds) {
    const std::vector<FramingCase> cases = {
        {"HTTP/1.1 200", "Content-Length: 5\r\n", Method::get, Framing::length, 5, true},
        {"HTTP/1.1 200", "Content-Length: 0\r\n", Method::get, Framing::length, 0, true},
        {"HTTP/1.1 200", "Transfer-Encoding: chunked\r\n", Method::get, Framing::chunked, 0, true},
        {"HTTP/1.1 200", "", Method::get, Framing::until_close, 0, false},
        {"HTTP/1.1 500", "Connection: keep-alive\r\n", Method::post, Framing::until_close, 0,
         false},
        {"HTTP/1.0 200", "", Method::get, Framing::until_close, 0, false},
        {"HTTP/1.0 200", "Content-Length: 5\r\n", Method::get, Framing::length, 5, false},
        {"HTTP/1.0 200", "Content-Length: 5\r\nConnection: keep-alive\r\n", Method::get,
         Framing::length, 5, true},
        {"HTTP/1.1 200", "Content-Length: 5\r\nConnection: close\r\n", Method::get, Framing::length,
         5, false},
        // No body, whatever they say.
        {"HTTP/1.1 200", "Content-Length: 5\r\n", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 200", "Transfer-Encoding: chunked\r\n", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 200", "", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 304", "Content-Length: 5\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 304", "Transfer-Encoding: chunked\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 204", "", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 204", "Content-Length: 0\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 100", "", Method::post, Framing::none, 0, true},
        {"HTTP/1.1 103", "Link: x\r\n", Method::get, Framing::none, 0, true},
        // They may not say so, and may send the body all the same.
        {"HTTP/1.1 204", "Content-Length: 5\r\n", Method::get, Framing::none, 0, false},
        {"HTTP/1.1 204", "Transfer-Encoding: chunked\r\n", Method::get, Framing::none, 0, false},
        {"HTTP/1.1 103", "Content-Length: 5\r\n", Method::get, Framing::none, 0, false},
    };
    for (const FramingCase& wanted : cases) {
        const std::string head =
            std::string(wanted.start) + " x\r\n" + std::string(wanted.fields) + "\r\n";
        const ParsedResponse parsed = parse_response(head, wanted.request);
        ASSERT_EQ(parsed.result, Parse::complete) << head;
        EXPECT_EQ(parsed.head.framing, wanted.framing) << head;
        EXPECT_EQ(parsed.head.content_length, wanted.length) << head;
        EXPECT_EQ(parsed.head.keep_alive, wanted.keep_alive) << head;
    }
}

TEST(ResponseHead, IsInterimFrom100To199) {
    EXPECT_TRUE(parse_response("HTTP/1.1 100 \r\n\r\n").head.is_interim());
    EXPECT_TRUE(parse_response("HTTP/1.1 199 \r\n\r\n").head.is_interim());
    EXPECT_FALSE(parse_response("HTTP/1.1 200 \r\n\r\n").head.is_interim());
}

TEST(ResponseHead, NeedsNoHostAndMayRepeatIt) {
    EXPECT_EQ(parse_response(fields("Host: a\r\nHost: b/c\r\nExpect: anything\r\n")).result,
              Parse::complete);
}

}  // namespace
}  // namespace ringway::http
