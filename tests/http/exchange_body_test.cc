// Bodies through an exchange: how long they may be, and what comes behind them.
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

TEST_F(ExchangeBody, TrailersOfARequestGoOutBehindIt) {
    upstreams.at_once = {{}};
    begin(chunked_post);
    sink->on_request_body(bytes("abc"));
    sink->on_request_pause();
    sink->on_request_trailers(bytes("Host: evil\r\nSum: 1\r\n"));
    sink->on_request_end();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body abc", "upstream flush",
                        window_granted, "upstream trailers Sum: 1\r\n", "upstream end"}));
    respond_ok();
    end_response();
}

// Connection says that a field is for this hop, and it may come as a trailer (RFC 9110, 7.6.1).
TEST_F(ExchangeBody, TrailersDoNotPassWhereConnectionListsFields) {
    upstreams.at_once = {{}};
    begin(
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, Sum\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    sink->on_request_trailers(bytes("Sum: 1\r\n"));
    sink->on_request_end();
    respond("HTTP/1.1 200 OK\r\nConnection: close, Hop\r\nTransfer-Encoding: chunked\r\n\r\n");
    upstream().sink.on_response_trailers(bytes("Hop: 1\r\n"));
    end_response();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream end", "client head 200",
                        "client finish"}));
}

TEST_F(ExchangeBody, TrailersThatArriveWhileABackendIsChosenAreKeptForIt) {
    begin(chunked_post);
    sink->on_request_body(bytes("abc"));
    sink->on_request_trailers(bytes("Sum: 1\r\n"));
    sink->on_request_end();
    EXPECT_EQ(log, Log{"acquire"});
    upstreams.give({.error = core::Error{.code = core::Errc::refused,
                                         .side = core::Side::upstream,
                                         .retry = core::Retry::yes}});
    upstreams.give({});
    EXPECT_EQ(log, (Log{"acquire", "acquire", "upstream head /", "upstream body abc",
                        "upstream trailers Sum: 1\r\n", "upstream end"}));
    respond_ok();
    end_response();
}

TEST_F(ExchangeBody, TrailersThatAreAllForbiddenAreNoTrailers) {
    upstreams.at_once = {{}};
    begin(chunked_post);
    sink->on_request_trailers(bytes("Content-Length: 1\r\n"));
    sink->on_request_end();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream end"}));
    respond_ok();
    end_response();
}

// They are not held: what has gone out of them cannot go out again.
TEST_F(ExchangeBody, ARequestWhoseTrailersAreOutIsNotSentAgain) {
    upstreams.at_once = {{.is_reused = true}, {}};
    begin("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    sink->on_request_trailers(bytes("Sum: 1\r\n"));
    sink->on_request_end();
    fail(core::Errc::reset, core::Retry::if_reused);
    EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
}

TEST_F(ExchangeBody, TrailersOfAResponseAreForWhoAskedForThem) {
    for (const std::string_view te : {"TE: trailers\r\n", "TE: gzip\r\n", ""}) {
        log.clear();
        upstreams.at_once = {{}};
        begin(fmt::format("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", te));
        sink->on_request_end();
        respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        upstream().sink.on_response_body(bytes("x"));
        upstream().sink.on_response_trailers(bytes("Set-Cookie: a\r\nSum: 1\r\n"));
        end_response();
        Log expected{"acquire", "upstream head /", "upstream end", "client head 200",
                     "client body x"};
        if (te == "TE: trailers\r\n") expected.emplace_back("client trailers Sum: 1\r\n");
        expected.emplace_back("client finish");
        EXPECT_EQ(log, expected) << te;
    }
}

}  // namespace
}  // namespace ringway::http
