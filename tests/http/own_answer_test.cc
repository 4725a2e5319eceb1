#include "http/own_answer.h"

#include <gtest/gtest.h>

#include "tests/http/memory_fixture.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

class OwnAnswerTest : public fakes::MemoryTest {
protected:
    std::string written(const Reply& reply, ConnectionField field = ConnectionField::none) {
        const core::Buffer answer = write_own_answer(context, reply, field);
        if (!answer) return "";
        return {reinterpret_cast<const char*>(answer.bytes().data()), answer.size()};
    }
};

TEST_F(OwnAnswerTest, SaysItsReasonInAFieldAndToAReader) {
    EXPECT_EQ(written({.reason = Reason::no_backend}),
              "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
              "Content-Length: 36\r\nX-Ringway-Reason: no_backend\r\n\r\n"
              "503 Service Unavailable: no_backend\n");
}

TEST_F(OwnAnswerTest, IsAWholeResponseWhateverItsStatusAndReason) {
    for (std::size_t i = 1; i < reason_count; i++) {
        const auto reason = static_cast<Reason>(i);
        const std::string answer = written({.reason = reason});
        const tests::ParsedResponse parsed = tests::parse_response(answer);
        ASSERT_EQ(parsed.result, Parse::complete) << answer;
        EXPECT_EQ(parsed.head.status, status_of(reason));
        EXPECT_EQ(parsed.head.bytes + parsed.head.content_length, answer.size());
    }
}

TEST_F(OwnAnswerTest, ToAHeadRequestItAnnouncesTheBodyItDoesNotSend) {
    const std::string answer = written({.reason = Reason::no_route, .has_body = false});
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_EQ(tests::parse_response(answer).head.content_length, 24U);
}

TEST_F(OwnAnswerTest, SaysWhetherTheConnectionIsKept) {
    const Reply reply{.reason = Reason::no_route};
    EXPECT_EQ(written(reply).find("Connection:"), std::string::npos);
    EXPECT_NE(written(reply, ConnectionField::close).find("\r\nConnection: close\r\n"),
              std::string::npos);
    EXPECT_NE(written(reply, ConnectionField::keep_alive).find("\r\nConnection: keep-alive\r\n"),
              std::string::npos);
}

TEST_F(OwnAnswerTest, WithoutABufferThereIsNone) {
    dry();
    EXPECT_EQ(written({.reason = Reason::no_route}), "");
}

TEST_F(OwnAnswerTest, EveryStatusWeSendHasItsPhrase) {
    for (int refusal = 1; refusal <= static_cast<int>(Refusal::request_timeout); refusal++) {
        EXPECT_NE(phrase_of(status_of(static_cast<Refusal>(refusal))), "Error")
            << name_of(static_cast<Refusal>(refusal));
    }
}

}  // namespace
}  // namespace ringway::http
