#include "http/exchange.h"

#include "tests/http/exchange_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using core::Retry;
using fakes::ExchangeTest;
using fakes::Log;

const std::string window_granted = fmt::format("client grant {}", body_window_bytes);

// --- The phases, in order
// -------------------------------------------------------------------------

TEST_F(ExchangeTest, AGetGoesThroughItsPhasesInOrder) {
    upstreams.at_once = {{}};
    get("/a");
    respond_ok("hello");
    end_response();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /a", "upstream end", "client head 200",
                        "client body hello", "client finish"}));
}

TEST_F(ExchangeTest, ABackendThatIsNotReadyAtOnceIsWaitedFor) {
    get("/a");
    EXPECT_EQ(log, Log{"acquire"});
    upstreams.give({});
    EXPECT_EQ(log, (Log{"acquire", "upstream head /a", "upstream end"}));
    respond_ok();
    end_response();
    EXPECT_EQ(log.back(), "client finish");
}

TEST_F(ExchangeTest, AsksForTheRoutesGroupAndSaysWhetherTheRequestMayBeRepeated) {
    upstreams.at_once = {{}};
    get();
    EXPECT_EQ(upstreams.selections[0].group, core::GroupId{1});
    EXPECT_EQ(upstreams.selections[0].method, Method::get);
    EXPECT_TRUE(upstreams.selections[0].is_idempotent);
    EXPECT_TRUE(upstreams.failed[0].empty());
    EXPECT_FALSE(upstreams.selections[0].fresh_only);
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, APostIsNotCalledRepeatable) {
    upstreams.at_once = {{}};
    begin_post(2);
    sink->on_request_body(bytes("ab"));
    sink->on_request_end();
    EXPECT_FALSE(upstreams.selections[0].is_idempotent);
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, TheBackendIsToldWhoAsked) {
    upstreams.at_once = {{}};
    get();
    EXPECT_NE(std::ranges::find(upstream().fields, "X-Forwarded-For: 127.0.0.1"),
              upstream().fields.end());
    EXPECT_NE(std::ranges::find(upstream().fields, "X-Forwarded-Proto: http"),
              upstream().fields.end());
    respond_ok();
    end_response();
}

// A short request goes out whole: the connection is asked for when its body is in.
TEST_F(ExchangeTest, ABodyThatCameWithTheHeadIsSentBehindItBeforeTheRequestEnds) {
    upstreams.at_once = {{}};
    begin_post(2);
    EXPECT_EQ(log, Log{});
    sink->on_request_body(bytes("ab"));
    EXPECT_EQ(log, Log{});
    sink->on_request_end();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body ab", "upstream end"}));
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, ABodyThatIsStillToComeIsAskedForOnceSomebodyCanTakeIt) {
    begin_post(4);
    sink->on_request_pause();
    EXPECT_EQ(log, Log{"acquire"});
    EXPECT_EQ(client.granted, 0U);
    upstreams.give({});
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream flush", window_granted}));
    sink->on_request_body(bytes("abcd"));
    sink->on_request_end();
    EXPECT_EQ(log.back(), "upstream end");
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, WhatArrivesWhileABackendIsChosenIsKeptForIt) {
    begin_post(6);
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    sink->on_request_body(bytes("cd"));
    sink->on_request_pause();
    sink->on_request_body(bytes("ef"));
    sink->on_request_end();
    EXPECT_EQ(log, Log{"acquire"});
    upstreams.give({});
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body abcdef", "upstream end"}));
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, InterimResponsesArePassedOnAndDoNotEndTheWait) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 100 Continue\r\n\r\n");
    respond("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    upstream().sink.on_response_pause();
    respond_ok("x");
    end_response();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream end", "client head 100",
                        "client head 103", "client flush", "client head 200", "client body x",
                        "client finish"}));
}

TEST_F(ExchangeTest, AFailureAfterAnInterimResponseIsStillAnswered) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 100 Continue\r\n\r\n");
    fail(Errc::ended, Retry::never);
    EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
}

TEST_F(ExchangeTest, AResponseMayComeBeforeTheRequestIsWhole) {
    upstreams.at_once = {{}};
    begin_post(100);
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    respond("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    end_response();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body ab", "upstream flush",
                        window_granted, "client head 413", "client finish"}));
    EXPECT_FALSE(upstreams.lent[0]->request_ended);
}

TEST_F(ExchangeTest, ARequestGoesOnWhileItsResponseStreams) {
    upstreams.at_once = {{}};
    begin_post(4);
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    upstream().sink.on_response_body(bytes("AB"));
    upstream().sink.on_response_pause();
    sink->on_request_body(bytes("cd"));
    sink->on_request_end();
    upstream().sink.on_response_body(bytes("CD"));
    end_response();
    EXPECT_EQ(log, (Log{"acquire", "upstream head /", "upstream body ab", "upstream flush",
                        window_granted, "client head 200", "client body AB", "client flush",
                        "upstream body cd", "upstream end", "client body CD", "client finish"}));
}

// --- What a backend is told
// -----------------------------------------------------------------------

TEST_F(ExchangeTest, ARequestOfHttp10WithoutHostIsSentWithTheBackendsAddress) {
    upstreams.at_once = {{}};
    begin("GET / HTTP/1.0\r\n\r\n");
    sink->on_request_end();
    EXPECT_EQ(std::ranges::count(upstream().fields, "Host: 10.0.0.1:80"), 1);
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, AnotherAttemptIsToldTheSameRequestId) {
    retry.attempts = 2;
    upstreams.at_once = {{}, {}};
    get();
    const auto id_sent = [this] {
        const auto& fields = upstream().fields;
        const auto found = std::ranges::find_if(
            fields, [](const std::string& field) { return field.starts_with("X-Request-Id: "); });
        return found == fields.end() ? std::string{} : *found;
    };
    const std::string first = id_sent();
    EXPECT_EQ(first.size(), std::string_view{"X-Request-Id: "}.size() + 32);
    fail(Errc::reset, core::Retry::yes);
    ASSERT_EQ(upstreams.lent.size(), 2U);
    EXPECT_EQ(id_sent(), first);
    respond_ok();
    end_response();
    upstreams.at_once = {{}};
    get();
    EXPECT_NE(id_sent(), first);
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, ARequestIdThatCameIsPassedOnAndNoneIsAdded) {
    upstreams.at_once = {{}};
    begin("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: theirs\r\n\r\n");
    sink->on_request_end();
    for (const std::string& field : upstream().fields) {
        EXPECT_FALSE(field.starts_with("X-Request-Id")) << field;
    }
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, ATrustedProxysWordAboutItsClientIsPassedOn) {
    settings.trusted_proxies = {core::AddressPrefix::parse("127.0.0.0/8").value()};
    upstreams.at_once = {{}};
    begin("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    sink->on_request_end();
    EXPECT_EQ(std::ranges::count(upstream().fields, "X-Forwarded-For: 192.0.2.1, 127.0.0.1"), 1);
    respond_ok();
    end_response();
    settings.trusted_proxies = {core::AddressPrefix::parse("10.0.0.0/8").value()};
    upstreams.at_once = {{}};
    begin("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    sink->on_request_end();
    EXPECT_EQ(std::ranges::count(upstream().fields, "X-Forwarded-For: 127.0.0.1"), 1);
    respond_ok();
    end_response();
}

// --- Own answers
// ----------------------------------------------------------------------------------

TEST_F(ExchangeTest, ARequestWithoutARouteIsAnsweredAtOnceAndNobodyIsAsked) {
    make(std::nullopt);
    get();
    EXPECT_EQ(sink, nullptr);
    EXPECT_EQ(log, Log{"client reply 404 no_route"});
    EXPECT_EQ(counters.answers_own.value(), 1U);
}

TEST_F(ExchangeTest, AHeadRequestIsAnsweredWithoutABody) {
    upstreams.at_once = {{.error = core::Error{.code = Errc::unavailable}}};
    begin("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    sink->on_request_end();
    EXPECT_EQ(log.back(), "client reply 503 no_backend without body");
}

TEST_F(ExchangeTest, ARequestThatCannotBeKeptIsAnsweredForThat) {
    std::vector<core::Buffer> taken;
    while (core::Buffer buffer = small.try_take()) taken.push_back(std::move(buffer));
    while (core::Buffer buffer = large.try_take()) taken.push_back(std::move(buffer));
    get();
    EXPECT_EQ(sink, nullptr);
    EXPECT_EQ(log, Log{"client reply 503 no_memory"});
}

struct OwnAnswer {
    Errc code;
    const char* said;
};

TEST_F(ExchangeTest, EveryFailureHasItsStatusAndItsWord) {
    const OwnAnswer answers[] = {
        {Errc::ended, "502 upstream_reset"},
        {Errc::reset, "502 upstream_reset"},
        {Errc::refused, "502 upstream_unreachable"},
        {Errc::unreachable, "502 upstream_unreachable"},
        {Errc::timed_out, "504 first_byte_timeout"},
        {Errc::canceled, "503 cut_by_us"},
        {Errc::no_buffers, "503 no_memory"},
        {Errc::no_descriptors, "503 no_memory"},
        {Errc::no_memory, "503 no_memory"},
        {Errc::denied, "502 upstream_reset"},
        {Errc::address_in_use, "502 upstream_reset"},
        {Errc::bad_address, "502 upstream_reset"},
        {Errc::unsupported, "502 upstream_reset"},
        {Errc::malformed, "502 upstream_malformed"},
        {Errc::over_limit, "502 upstream_malformed"},
        {Errc::unavailable, "503 no_backend"},
        {Errc::unexpected, "502 upstream_reset"},
    };
    std::uint64_t answered = 0;
    for (const OwnAnswer& answer : answers) {
        upstreams.at_once = {{}};
        get();
        fail(answer.code, Retry::never);
        EXPECT_EQ(log.back(), std::string("client reply ") + answer.said)
            << core::name_of(answer.code);
        EXPECT_EQ(counters.exchanges_finished.value(), ++answered);
        EXPECT_EQ(counters.answers_own.value(), answered);
    }
}

// --- Somebody goes away, in each state
// ------------------------------------------------------------

TEST_F(ExchangeTest, AClientThatLeavesBeforeItsBodyCameLeavesNothingBehind) {
    begin_post(4);
    sink->on_request_body(bytes("ab"));
    leave();
    EXPECT_EQ(log, Log{});
}

TEST_F(ExchangeTest, AClientThatLeavesWhileABackendIsChosenCancelsTheQuestion) {
    get();
    leave();
    EXPECT_EQ(log, (Log{"acquire", "cancel"}));
}

TEST_F(ExchangeTest, AClientThatLeavesWhileTheBackendIsAskedAbortsIt) {
    upstreams.at_once = {{}};
    get();
    leave();
    EXPECT_EQ(log.back(), "upstream abort");
}

TEST_F(ExchangeTest, AClientThatLeavesInTheMiddleOfAResponseAbortsIt) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    upstream().sink.on_response_body(bytes("ab"));
    leave();
    EXPECT_EQ(log.back(), "upstream abort");
}

TEST_F(ExchangeTest, AClientThatLeavesWhileARetryWaitsCancelsTheRetry) {
    upstreams.at_once = {{.error = core::Error{.code = Errc::refused, .retry = Retry::yes}}};
    get();
    EXPECT_TRUE(upstreams.is_waiting());
    leave();
    EXPECT_EQ(log, (Log{"acquire", "acquire", "cancel"}));
}

TEST_F(ExchangeTest, AClientIsToldToStayWithTheAnswerAndNotBefore) {
    upstreams.at_once = {{.sets_cookie = true}};
    get();
    respond("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(std::ranges::count(client.fields, "Set-Cookie: "), 0);
    respond("HTTP/1.1 200 OK\r\nSet-Cookie: mine=1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(std::ranges::count(client.fields, "Set-Cookie: "), 1);
    upstream().is_lent = false;
    upstream().sink.on_response_end();
}

// The client must see that what it has is not all.
TEST_F(ExchangeTest, ABackendThatFailsInItsResponseCutsTheClient) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    upstream().sink.on_response_body(bytes("ab"));
    fail(Errc::reset, Retry::if_reused);
    EXPECT_EQ(log.back(), "client abort reset");
    EXPECT_EQ(counters.retries.value(), 0U);
}

TEST_F(ExchangeTest, ABackendThatFailsRightBehindItsHeadCutsTheClientToo) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    fail(Errc::ended, Retry::never);
    EXPECT_EQ(log.back(), "client abort ended");
}

// --- Windows
// --------------------------------------------------------------------------------------

TEST_F(ExchangeTest, ARequestBodyNeverHasMoreThanAWindowOutstanding) {
    constexpr std::size_t length = 1'000'000;
    upstreams.at_once = {{}};
    begin_post(length);
    sink->on_request_pause();
    std::size_t sent = 0;
    int rounds = 0;
    for (; sent < length; rounds++) {
        ASSERT_GT(client.granted, sent) << "stuck at " << sent;
        // As much as may be sent, in pieces, before any of it is taken.
        while (sent < std::min(length, client.granted)) {
            const std::size_t piece =
                std::min<std::size_t>(5'000, std::min(length, client.granted) - sent);
            sink->on_request_body(bytes(piece));
            sent += piece;
            if (sent < length) sink->on_request_pause();
        }
        if (sent == length) sink->on_request_end();
        const std::size_t before = client.granted;
        upstream().sink.on_upstream_drained();
        EXPECT_LE(client.granted - before, body_window_bytes);
        EXPECT_LE(client.granted - upstream().received, body_window_bytes);
    }
    EXPECT_EQ(upstream().received, length);
    EXPECT_GE(rounds, static_cast<int>(length / body_window_bytes));
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, AResponseBodyNeverHasMoreThanAWindowOutstanding) {
    constexpr std::size_t length = 1'000'000;
    upstreams.at_once = {{}};
    get();
    respond(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", length));
    std::size_t sent = 0;
    while (sent < length) {
        const std::size_t allowed = std::min(length - sent, upstream().allowed);
        ASSERT_GT(allowed, 0U) << "stuck at " << sent;
        for (std::size_t left = allowed; left > 0;) {
            const std::size_t piece = std::min<std::size_t>(7'000, left);
            upstream().sink.on_response_body(bytes(piece));
            left -= piece;
        }
        sent += allowed;
        upstream().sink.on_response_pause();
        // Nothing more until the client took some.
        EXPECT_EQ(upstream().allowed, body_window_bytes - client.untaken);
        client.untaken /= 2;
        upstream().sink.on_response_pause();
        EXPECT_EQ(upstream().allowed, body_window_bytes - client.untaken);
        client.untaken = 0;
        sink->on_client_drained();
        EXPECT_EQ(upstream().allowed, body_window_bytes);
    }
    end_response();
    EXPECT_EQ(client.received, length);
}

TEST_F(ExchangeTest, AClientThatIsBehindBeforeTheAnswerHoldsItUp) {
    upstreams.at_once = {{}};
    get();
    client.untaken = body_window_bytes + 1;
    respond("HTTP/1.1 103 Early Hints\r\n\r\n");
    upstream().sink.on_response_pause();
    EXPECT_EQ(upstream().allowed, 0U);
    client.untaken = 0;
    sink->on_client_drained();
    EXPECT_EQ(upstream().allowed, body_window_bytes);
    respond_ok();
    end_response();
}

TEST_F(ExchangeTest, ADrainedUpstreamIsSentNothingWhenTheRequestIsWhole) {
    upstreams.at_once = {{}};
    get();
    const std::size_t said = log.size();
    upstream().sink.on_upstream_drained();
    EXPECT_EQ(log.size(), said);
    respond_ok();
    end_response();
}

}  // namespace
}  // namespace ringway::http
