#include "http/accept.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

bool prefers(std::string_view fields) {
    const tests::ParsedRequest request =
        tests::parse_request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
    EXPECT_EQ(request.result, Parse::complete) << fields;
    return prefers_json(request.head);
}

TEST(Accept, AsksForJsonWhenItNamesJson) {
    EXPECT_TRUE(prefers("Accept: application/json\r\n"));
    EXPECT_TRUE(prefers("accept: Application/JSON; charset=utf-8\r\n"));
    EXPECT_TRUE(prefers("Accept: application/problem+json, */*\r\n"));
    EXPECT_TRUE(prefers("Accept: application/json, text/plain, */*\r\n"));
    EXPECT_TRUE(prefers("Accept: text/html;q=0.5\r\nAccept: application/json;q=0.8\r\n"));
    EXPECT_TRUE(prefers("Accept: text/html;q=0.123, application/json;q=0.124\r\n"));
}

TEST(Accept, AsksForTextOtherwise) {
    EXPECT_FALSE(prefers(""));
    EXPECT_FALSE(prefers("Accept: */*\r\n"));
    EXPECT_FALSE(prefers("Accept:\r\n"));
    EXPECT_FALSE(prefers("Accept: application/*\r\n"));
    EXPECT_FALSE(prefers("Accept: application/json;q=0\r\n"));
    EXPECT_FALSE(prefers("Accept: application/json;q=0.000\r\n"));
    EXPECT_FALSE(prefers("Accept: text/html, application/json;q=0.9\r\n"));
    EXPECT_FALSE(prefers("Accept: application/jsonp\r\n"));
    EXPECT_FALSE(prefers("Accept: +json\r\n"));
    EXPECT_FALSE(prefers("Accepts: application/json\r\n"));
}

TEST(Accept, TakesAQualityThatIsNoneForOne) {
    EXPECT_TRUE(prefers("Accept: application/json;q=0.x, text/html;q=0.9\r\n"));
    EXPECT_TRUE(prefers("Accept: application/json;q=7, text/html\r\n"));
    EXPECT_TRUE(prefers("Accept: application/json;q, text/html\r\n"));
}

}  // namespace
}  // namespace ringway::http
