// Bodies through an exchange: how long they may be.
#include "http/exchange.h"
#include "tests/http/exchange_fixture.h"

namespace ringway::http {
namespace {

using fakes::ExchangeTest;
using fakes::Log;

class ExchangeBody : public ExchangeTest {};

constexpr std::string_view chunked_post =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string window_granted = fmt::format("client grant {}", body_window_bytes);

TEST_F(ExchangeBody, ABodyThatIsSaidToBeOverTheLimitIsRefusedUnasked) {
    settings.request_body_bytes_max = 5;
    begin_post(6);
    EXPECT_EQ(sink, nullptr);
    EXPECT_EQ(log, Log{"client reply 413 body_over_limit"});
    EXPECT_EQ(counters.of(Reason::body_over_limit).value(), 1U);
}

TEST_F(ExchangeBody, ABodyOfTheLimitPasses) {
    settings.request_body_bytes_max = 5;
    upstreams.at_once = {{}, {}};
    for (const bool is_chunked : {false, true}) {
        is_chunked ? begin(chunked_post) : begin_post(5);
        sink->on_request_body(bytes("abcde"));
        sink->on_request_end();
        respond_ok();
        end_response();
    }
    EXPECT_EQ(std::ranges::count(log, "upstream body abcde"), 2);
}

// The backend must not take what it has of it for the whole.
TEST_F(ExchangeBody, ABodyThatGrowsOverTheLimitIsTakenBackAndRefused) {
    settings.request_body_bytes_max = 5;
    upstreams.at_once = {{}};
    begin(chunked_post);
    sink->on_request_body(bytes("abc"));
    sink->on_request_pause();
    sink->on_request_body(bytes("def"));
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body abc", "upstream flush",
                        window_granted, "upstream abort", "client reply 413 body_over_limit"}));
}

TEST_F(ExchangeBody, ABodyThatGrowsOverTheLimitWhileABackendIsChosenIsRefused) {
    settings.request_body_bytes_max = 5;
    begin(chunked_post);
    sink->on_request_body(bytes("abc"));
    sink->on_request_pause();
    sink->on_request_body(bytes("def"));
    EXPECT_EQ(log, (Log{"acquire", "cancel", "client reply 413 body_over_limit"}));
}

TEST_F(ExchangeBody, ABodyThatGrowsOverTheLimitBehindItsAnswersHeadEndsBoth) {
    settings.request_body_bytes_max = 5;
    upstreams.at_once = {{}};
    begin(chunked_post);
    sink->on_request_body(bytes("abc"));
    sink->on_request_pause();
    respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    sink->on_request_body(bytes("def"));
    EXPECT_EQ(log[log.size() - 2], "upstream abort");
    EXPECT_EQ(log.back(), "client abort over_limit");
    EXPECT_EQ(counters.of(Reason::body_over_limit).value(), 1U);
}

}  // namespace
}  // namespace ringway::http
