#include "loadtest/origin/answer.h"

#include <gtest/gtest.h>

namespace ringway::loadtest {
namespace {

TEST(Answer, IsTheHeadThatItsTextSays) {
    const Answer answer{{.status = 503, .length = 130, .backend = 7}};
    EXPECT_EQ(answer.text(),
              "HTTP/1.1 503 Service Unavailable\r\nServer: ringway-origin\r\nX-Backend: 7\r\n"
              "Content-Type: text/plain\r\nContent-Length: 130\r\n\r\n");
    EXPECT_EQ(answer.head().status, 503);
    EXPECT_EQ(answer.head().framing, http::Framing::length);
    EXPECT_EQ(answer.head().content_length, 130U);
    EXPECT_TRUE(answer.has_body());
}

TEST(Answer, SaysNoLengthWhenItIsChunked) {
    const Answer answer{{.length = 130, .chunked = true}};
    EXPECT_EQ(answer.text().find("Content-Length"), std::string_view::npos);
    EXPECT_EQ(answer.head().framing, http::Framing::chunked);
}

TEST(Answer, HasNoBodyWhereItsStatusAllowsNone) {
    for (const std::uint32_t status : {100U, 204U, 304U}) {
        const Answer answer{{.status = status, .length = 130}};
        EXPECT_FALSE(answer.has_body());
        EXPECT_EQ(answer.text().find("Content-"), std::string_view::npos);
        EXPECT_EQ(answer.head().framing, http::Framing::none);
    }
}

TEST(Answer, KeepsItsHeadWhenItMoves) {
    Answer first{{.status = 404, .length = 9}};
    const Answer second = std::move(first);
    EXPECT_EQ(second.head().base, second.text().data());
    EXPECT_EQ(second.head().find(http::FieldId::content_length)->value.size, 1U);
}

}  // namespace
}  // namespace ringway::loadtest
