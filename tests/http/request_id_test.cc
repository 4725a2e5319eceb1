#include "http/request_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

std::string text_of(const RequestId& id) {
    char space[RequestId::text_bytes];
    return std::string{id.text(space)};
}

std::string brought(std::string_view fields) {
    const tests::ParsedRequest request =
        tests::parse_request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
    EXPECT_EQ(request.result, Parse::complete);
    return std::string{request_id_in(request.head)};
}

TEST(RequestId, IsThirtyTwoHexDigits) {
    EXPECT_EQ(text_of({.high = 0x0123'4567'89ab'cdef, .low = 0xfedc'ba98'7654'3210}),
              "0123456789abcdeffedcba9876543210");
    EXPECT_EQ(text_of({}), std::string(32, '0'));
}

TEST(RequestId, IsDrawnAnewForEachAndAgainFromTheSameSeed) {
    core::Prng one{7};
    core::Prng same{7};
    core::Prng other{8};
    std::set<std::string> ids;
    for (int i = 0; i < 1'000; i++) {
        const std::string id = text_of(RequestId::draw(one));
        EXPECT_EQ(id, text_of(RequestId::draw(same)));
        EXPECT_TRUE(ids.insert(id).second);
        EXPECT_TRUE(ids.insert(text_of(RequestId::draw(other))).second);
    }
}

TEST(RequestId, OfARequestIsTheOneItBrings) {
    EXPECT_EQ(brought("X-Request-Id: abc\r\n"), "abc");
    EXPECT_EQ(brought("x-request-ID:  a b \r\n"), "a b");
    EXPECT_EQ(brought("X-Request-Id: " + std::string(128, 'x') + "\r\n"), std::string(128, 'x'));
}

TEST(RequestId, OfARequestThatBringsNoneOrSeveralOrOneTooLongIsOurs) {
    EXPECT_EQ(brought(""), "");
    EXPECT_EQ(brought("X-Request-Id:\r\n"), "");
    EXPECT_EQ(brought("X-Request-Id: a\r\nX-Request-Id: b\r\n"), "");
    EXPECT_EQ(brought("X-Request-Id: a\r\nX-Request-Id:\r\n"), "");
    EXPECT_EQ(brought("X-Request-Id: " + std::string(129, 'x') + "\r\n"), "");
}

}  // namespace
}  // namespace ringway::http
