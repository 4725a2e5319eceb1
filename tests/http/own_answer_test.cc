#include "http/own_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "http/request_id.h"
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
              "HTTP/1.1 503 Service Unavailable\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
              "Content-Type: text/plain\r\nContent-Length: 36\r\n"
              "X-Ringway-Reason: no_backend\r\nRetry-After: 1\r\n\r\n"
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

TEST_F(OwnAnswerTest, HasABodyOfTheSizeThatIsToldBeforeIt) {
    for (const Reply& reply :
         {Reply{.reason = Reason::no_route}, Reply{.reason = Reason::no_route, .has_body = false},
          Reply{.reason = Reason::no_route, .request_id = "a\"b", .prefers_json = true}}) {
        const std::string answer = written(reply);
        EXPECT_EQ(own_body_bytes(context, reply),
                  answer.size() - tests::parse_response(answer).head.bytes)
            << answer;
    }
}

TEST_F(OwnAnswerTest, SaysWhetherTheConnectionIsKept) {
    const Reply reply{.reason = Reason::no_route};
    EXPECT_EQ(written(reply).find("Connection:"), std::string::npos);
    EXPECT_NE(written(reply, ConnectionField::close).find("\r\nConnection: close\r\n"),
              std::string::npos);
    EXPECT_NE(written(reply, ConnectionField::keep_alive).find("\r\nConnection: keep-alive\r\n"),
              std::string::npos);
}

TEST_F(OwnAnswerTest, IsAnObjectForWhoPrefersJson) {
    const std::string answer =
        written({.reason = Reason::upstream_reset, .request_id = "a\"b\xff", .prefers_json = true});
    EXPECT_NE(answer.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nX-Request-Id: a\"b\xff\r\n"), std::string::npos);
    EXPECT_TRUE(
        answer.ends_with("\r\n\r\n{\"status\":502,\"reason\":\"upstream_reset\","
                         "\"request_id\":\"a\\\"b\\u00ff\"}\n"))
        << answer;
}

TEST_F(OwnAnswerTest, HasRoomForTheLongestIdOfTheOddestBytes) {
    const std::string id(RequestId::brought_bytes_max, '\xff');
    for (std::size_t i = 1; i < reason_count; i++) {
        const std::string answer =
            written({.reason = static_cast<Reason>(i), .request_id = id, .prefers_json = true});
        EXPECT_EQ(tests::parse_response(answer).result, Parse::complete) << answer;
    }
}

TEST_F(OwnAnswerTest, IsThePageThatTheConfigurationHasForItsStatus) {
    settings.error_pages = {{.status = 502, .content_type = "text/html", .text = "<p>sorry"}};
    const std::string page = written({.reason = Reason::upstream_reset});
    EXPECT_NE(page.find("Content-Type: text/html\r\nContent-Length: 8\r\n"), std::string::npos);
    EXPECT_NE(page.find("X-Ringway-Reason: upstream_reset\r\n"), std::string::npos);
    EXPECT_TRUE(page.ends_with("\r\n\r\n<p>sorry"));
    EXPECT_TRUE(written({.reason = Reason::upstream_reset, .prefers_json = true}).ends_with("}\n"));
    EXPECT_TRUE(written({.reason = Reason::no_backend}).ends_with(": no_backend\n"));
}

TEST_F(OwnAnswerTest, To405SaysWhatIsAllowed) {
    EXPECT_NE(written({.reason = Reason::method_refused}).find("\r\nAllow: GET, "),
              std::string::npos);
    EXPECT_EQ(written({.reason = Reason::no_route}).find("Allow"), std::string::npos);
}

TEST_F(OwnAnswerTest, TellsProxyStatusWhenItIsAsked) {
    EXPECT_EQ(written({.reason = Reason::connect_timeout}).find("Proxy-Status"), std::string::npos);
    settings.forwarding.proxy_status = true;
    EXPECT_NE(written({.reason = Reason::connect_timeout})
                  .find("\r\nProxy-Status: ringway; error=connection_timeout; "
                        "details=\"connect_timeout\"\r\n"),
              std::string::npos);
}

TEST_F(OwnAnswerTest, EachStatusOfOursCanHaveAPage) {
    for (std::size_t i = 1; i < reason_count; i++) {
        const std::uint16_t status = status_of(static_cast<Reason>(i));
        if (status == 499) continue;  // Nobody is there to read it.
        EXPECT_NE(std::ranges::find(own_statuses, status), own_statuses.end()) << status;
        EXPECT_NE(phrase_of(status), "Error") << status;
    }
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
