// What is accepted in a request, and what is read from it. h1_refusal_test.cc has what is refused.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using tests::parse_cut;
using tests::parse_in_steps;
using tests::parse_request;
using tests::ParsedRequest;

std::string get(std::string_view fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(RequestHead, IsReadIntoItsParts) {
    const std::string head =
        "POST /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nX-Thing:  two words \t\r\n"
        "Content-Length: 12\r\n\r\n";
    const ParsedRequest parsed = parse_request(head + "body");
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(parsed.head.bytes, head.size());
    EXPECT_EQ(parsed.head.method, Method::post);
    EXPECT_EQ(parsed.text(parsed.head.method_text), "POST");
    EXPECT_EQ(parsed.text(parsed.head.target), "/a/b?c=d");
    EXPECT_EQ(parsed.text(parsed.head.path), "/a/b");
    EXPECT_EQ(parsed.text(parsed.head.host), "example.com:8080");
    EXPECT_EQ(parsed.head.minor_version, 1);
    EXPECT_EQ(parsed.head.framing, Framing::length);
    EXPECT_EQ(parsed.head.content_length, 12u);
    EXPECT_TRUE(parsed.head.keep_alive);
    EXPECT_EQ(parsed.fields(),
              (std::vector<std::string>{"Host=example.com:8080", "X-Thing=two words",
                                        "Content-Length=12"}));
    EXPECT_EQ(parsed.head.fields[0].id, FieldId::host);
    EXPECT_EQ(parsed.head.fields[1].id, FieldId::other);
    EXPECT_EQ(parsed.head.fields[2].id, FieldId::content_length);
}

TEST(RequestHead, IsTheSameHoweverItWasCut) {
    const std::string head =
        "\r\nPUT http://example.com/path?query HTTP/1.1\r\nhost: example.com\r\n"
        "Transfer-Encoding: Chunked\r\nExpect: 100-continue\r\nConnection: a, close\r\nEmpty:\r\n"
        "Long: " +
        std::string(100, 'x') + "\r\n\r\n";
    const ParsedRequest whole = parse_request(head);
    ASSERT_EQ(whole.result, Parse::complete);
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        const ParsedRequest parsed = parse_cut<ParsedRequest>(head, cut);
        ASSERT_EQ(parsed.result, Parse::complete) << cut;
        ASSERT_EQ(parsed.fields(), whole.fields()) << cut;
    }
    for (std::size_t step = 1; step < 20; ++step) {
        const ParsedRequest parsed = parse_in_steps<ParsedRequest>(head, step);
        ASSERT_EQ(parsed.result, Parse::complete) << step;
        EXPECT_EQ(parsed.head.bytes, head.size());
        EXPECT_EQ(parsed.head.framing, Framing::chunked);
        EXPECT_TRUE(parsed.head.expects_continue);
        EXPECT_FALSE(parsed.head.keep_alive);
        EXPECT_EQ(parsed.text(parsed.head.host), "example.com");
        EXPECT_EQ(parsed.text(parsed.head.path), "/path");
    }
}

TEST(RequestHead, IsIncompleteUntilItsLastByte) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) {
        EXPECT_EQ(parse_request(head.substr(0, size)).result, Parse::incomplete) << size;
    }
    EXPECT_EQ(parse_request(head).result, Parse::complete);
}

TEST(RequestHead, LeavesWhatComesBehindItAlone) {
    const std::string head = get("");
    for (const std::string_view behind :
         {"\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n", "\x16\x03"}) {
        const ParsedRequest parsed = parse_request(head + std::string(behind));
        ASSERT_EQ(parsed.result, Parse::complete);
        EXPECT_EQ(parsed.head.bytes, head.size());
    }
}

TEST(RequestHead, MayFollowEmptyLines) {
    for (const std::string_view lines : {"\r\n", "\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
        const std::string head = std::string(lines) + get("");
        const ParsedRequest parsed = parse_request(head);
        ASSERT_EQ(parsed.result, Parse::complete);
        EXPECT_EQ(parsed.head.bytes, head.size());
        EXPECT_EQ(parsed.text(parsed.head.target), "/");
    }
}

TEST(RequestHead, KnowsMethodsByTheirExactName) {
    const std::vector<std::pair<std::string_view, Method>> methods = {
        {"GET", Method::get},        {"HEAD", Method::head},      {"POST", Method::post},
        {"PUT", Method::put},        {"DELETE", Method::delete_}, {"OPTIONS", Method::options},
        {"PATCH", Method::patch},    {"get", Method::other},      {"PURGE", Method::other},
        {"PROPFIND", Method::other}, {"M-SEARCH", Method::other}, {"G", Method::other},
    };
    for (const auto& [name, method] : methods) {
        const ParsedRequest parsed =
            parse_request(std::string(name) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << name;
        EXPECT_EQ(parsed.head.method, method) << name;
        EXPECT_EQ(parsed.text(parsed.head.method_text), name);
    }
}

struct TargetCase {
    std::string_view line;
    std::string_view path;
    std::string_view host;
};

TEST(RequestHead, ReadsEveryFormOfTarget) {
    const std::vector<TargetCase> cases = {
        {"GET /", "/", "field"},
        {"GET /?", "/", "field"},
        {"GET //double//slash", "//double//slash", "field"},
        {"GET /a%20b;c=d?e/f?g", "/a%20b;c=d", "field"},
        {"GET /\"<>\\^`{|}", "/\"<>\\^`{|}", "field"},
        {"GET /http://other/", "/http://other/", "field"},
        {"OPTIONS *", "", "field"},
        {"GET http://target/x?y", "/x", "target"},
        {"GET HTTPS://Target:443/", "/", "Target:443"},
        {"GET http://target", "", "target"},
        {"GET http://target?q=/", "", "target"},
        {"OPTIONS http://target", "", "target"},
        {"GET http://[::1]:80/", "/", "[::1]:80"},
    };
    for (const TargetCase& wanted : cases) {
        const ParsedRequest parsed =
            parse_request(std::string(wanted.line) + " HTTP/1.1\r\nHost: field\r\n\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << wanted.line;
        EXPECT_EQ(parsed.text(parsed.head.path), wanted.path) << wanted.line;
        EXPECT_EQ(parsed.text(parsed.head.host), wanted.host) << wanted.line;
    }
}

TEST(RequestHead, AcceptsEveryShapeOfHost) {
    for (const std::string_view host :
         {"a", "example.com", "example.com.", "my_service:8080", "127.0.0.1:1", "[::1]",
          "[2001:db8::1]:443", "[::ffff:1.2.3.4]", "a:", "a:65535", "xn--bcher-kva.example",
          "p%41th.example", "~user.example", "EXAMPLE.com"}) {
        const ParsedRequest parsed =
            parse_request("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << host;
        EXPECT_EQ(parsed.text(parsed.head.host), host);
    }
}

TEST(RequestHead, OfHttp10NeedsNoHost) {
    const ParsedRequest parsed = parse_request("GET / HTTP/1.0\r\n\r\n");
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(parsed.head.minor_version, 0);
    EXPECT_EQ(parsed.head.host.size, 0);
    EXPECT_FALSE(parsed.head.keep_alive);
}

TEST(RequestHead, TreatsALaterMinorVersionAsOne) {
    for (const std::string_view version : {"HTTP/1.1", "HTTP/1.2", "HTTP/1.9"}) {
        const ParsedRequest parsed =
            parse_request("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << version;
        EXPECT_EQ(parsed.head.minor_version, 1) << version;
    }
}

struct KeepAliveCase {
    std::string_view version;
    std::string_view fields;
    bool keep_alive;
};

TEST(RequestHead, SaysWhetherTheClientWishesToStay) {
    const std::vector<KeepAliveCase> cases = {
        {"HTTP/1.1", "", true},
        {"HTTP/1.1", "Connection: close\r\n", false},
        {"HTTP/1.1", "connection: Keep-Alive\r\n", true},
        {"HTTP/1.1", "Connection: keep-alive, CLOSE\r\n", false},
        {"HTTP/1.1", "Connection: x\r\nConnection: , close ,\r\n", false},
        {"HTTP/1.1", "Connection: closed, not-close\r\n", true},
        {"HTTP/1.1", "Connection:\r\n", true},
        {"HTTP/1.0", "", false},
        {"HTTP/1.0", "Connection: keep-alive\r\n", true},
        {"HTTP/1.0", "Connection: Keep-Alive, te\r\n", true},
        {"HTTP/1.0", "Connection: keep-alive, close\r\n", false},
    };
    for (const KeepAliveCase& wanted : cases) {
        const ParsedRequest parsed =
            parse_request("GET / " + std::string(wanted.version) + "\r\nHost: a\r\n" +
                          std::string(wanted.fields) + "\r\n");
        ASSERT_EQ(parsed.result, Parse::complete) << wanted.fields;
        EXPECT_EQ(parsed.head.keep_alive, wanted.keep_alive) << wanted.version << wanted.fields;
    }
}

struct FramingCase {
    std::string_view fields;
    Framing framing;
    std::uint64_t length;
};

TEST(RequestHead, SaysWhereTheBodyEnds) {
    const std::vector<FramingCase> cases = {
        {"", Framing::none, 0},
        {"Content-Length: 0\r\n", Framing::length, 0},
        {"Content-Length: 007\r\n", Framing::length, 7},
        {"CONTENT-LENGTH:9223372036854775807\r\n", Framing::length, 9223372036854775807u},
        {"Transfer-Encoding: chunked\r\n", Framing::chunked, 0},
        {"transfer-encoding: \tCHUNKED \r\n", Framing::chunked, 0},
    };
    for (const FramingCase& wanted : cases) {
        const ParsedRequest parsed = parse_request(get(wanted.fields));
        ASSERT_EQ(parsed.result, Parse::complete) << wanted.fields;
        EXPECT_EQ(parsed.head.framing, wanted.framing) << wanted.fields;
        EXPECT_EQ(parsed.head.content_length, wanted.length) << wanted.fields;
    }
}

TEST(RequestHead, ExpectsContinueOnlyInHttp11WithABody) {
    EXPECT_TRUE(
        parse_request(get("Expect: 100-Continue\r\nContent-Length: 1\r\n")).head.expects_continue);
    EXPECT_TRUE(parse_request(get("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"))
                    .head.expects_continue);
    EXPECT_FALSE(parse_request(get("Content-Length: 1\r\n")).head.expects_continue);
    for (const std::string& bodiless :
         {get("Expect: 100-continue\r\n"), get("Expect: 100-continue\r\nContent-Length: 0\r\n"),
          std::string("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")}) {
        const ParsedRequest parsed = parse_request(bodiless);
        EXPECT_EQ(parsed.result, Parse::complete);
        EXPECT_FALSE(parsed.head.expects_continue) << bodiless;
    }
}

TEST(RequestHead, KeepsBytesAbove127AndTabsInValues) {
    const ParsedRequest parsed = parse_request(get("X: a\tb \xc3\xa4\xff c\r\nY:\t \r\n"));
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(parsed.fields(), (std::vector<std::string>{"Host=a", "X=a\tb \xc3\xa4\xff c", "Y="}));
}

}  // namespace
}  // namespace ringway::http
