#include "http/request_key.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

constexpr std::uint64_t client = 0x1234'5678'9abc'def0;

std::optional<std::uint64_t> hash(std::string_view key, std::string_view head) {
    const tests::ParsedRequest parsed = tests::parse_request(head);
    EXPECT_EQ(parsed.result, Parse::complete) << head;
    return RequestKey::parse(key).value().hash(parsed.head, client);
}

TEST(RequestKey, IsTheValueOfWhatItNames) {
    const std::string_view head =
        "GET /a/b?user=7&x=&user=8 HTTP/1.1\r\nHost: Example.COM\r\nX-User: 42\r\n"
        "Cookie: a=1; session=abc; b=2\r\n\r\n";
    EXPECT_EQ(hash("path", head), core::hash64("/a/b"));
    EXPECT_EQ(hash("host", head), core::hash64("example.com"));
    EXPECT_EQ(hash("header:x-USER", head), core::hash64("42"));
    EXPECT_EQ(hash("cookie:session", head), core::hash64("abc"));
    EXPECT_EQ(hash("query:user", head), core::hash64("7"));
    EXPECT_EQ(hash("query:x", head), core::hash64(""));
    EXPECT_EQ(hash("client", head), client);
}

TEST(RequestKey, OfNothingThereIsNothing) {
    const std::string_view head =
        "GET /a HTTP/1.1\r\nHost: a\r\nCookie: sessions=1;session\r\n\r\n";
    for (const char* key :
         {"header:x", "cookie:session", "cookie:ession", "query:a", "cookie:a+query:b"}) {
        EXPECT_EQ(hash(key, head), std::nullopt) << key;
    }
    EXPECT_TRUE(hash("cookie:session+path", head));
}

TEST(RequestKey, OfManyPartsIsAllOfThemInOrder) {
    const std::string_view head = "GET /a?q=b HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(hash("path+query:q", head), core::hash64("b", core::hash64("/a")));
    EXPECT_NE(hash("query:q+path", head), hash("path+query:q", head));
    EXPECT_NE(hash("client+path", head), hash("path", head));
}

TEST(RequestKey, OfWordsIsThatOfARequestThatHasThem) {
    const std::string_view head =
        "GET /a?q=b HTTP/1.1\r\nHost: H.example\r\nX-User: 42\r\nCookie: s=1\r\n\r\n";
    const std::string_view words[] = {"not looked at", "h.EXAMPLE", "/a", "42", "1", "b"};
    const RequestKey key =
        RequestKey::parse("client+host+path+header:x-user+cookie:s+query:q").value();
    EXPECT_EQ(key.hash(words, client), hash(key.text(), head));
    EXPECT_EQ(RequestKey{}.hash(std::span{words}.first(1), client), client);
}

TEST(RequestKey, FindsACookieInAnyOfItsFields) {
    EXPECT_EQ(
        hash("cookie:b", "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\ncookie:c=3;  b=2 \r\n\r\n"),
        core::hash64("2"));
}

TEST(RequestKey, ReadsBackAsItIsWritten) {
    for (const char* text : {"client", "host+path", "header:x-user", "cookie:Session+query:id"}) {
        EXPECT_EQ(RequestKey::parse(text).value().text(), text);
    }
    EXPECT_EQ(RequestKey::parse("header:X-User")->text(), "header:x-user");
    EXPECT_EQ(RequestKey{}.text(), "client");
}

TEST(RequestKey, RefusesWhatIsNone) {
    for (const char* text :
         {"", "clients", "header", "header:", "header:a b", "cookie:a;b", "path+", "+path",
          "path++host", "Path", "ip", "path+path+path+path+path+path+path+path+path"}) {
        EXPECT_EQ(RequestKey::parse(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace ringway::http
