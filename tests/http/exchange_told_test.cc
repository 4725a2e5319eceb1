// What an access log and the counters hear of an exchange, however it ends.
#include <string>
#include <vector>

#include "http/exchange.h"
#include "tests/http/exchange_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using fakes::ExchangeTest;

// Views die with the call, so what is asked for is copied.
class RecordingLog final : public AccessLog {
public:
    void on_finish(const ExchangeRecord& record) override {
        lines.push_back(fmt::format("{} {} in {} out {} by {} in {}{}", record.status,
                                    name_of(record.reason), record.bytes_in, record.bytes_out,
                                    record.backend.empty() ? "nobody" : record.backend,
                                    record.attempts, record.upstream_was_reused ? " reused" : ""));
        if (record.not_retried != NotRetried::none) {
            last_word = fmt::format("{}: {}", name_of(record.not_retried), record.failure);
        }
        connect = record.connect;
        first_byte = record.first_byte;
        total = record.total;
    }
    std::vector<std::string> lines;
    std::string last_word;  // Of the last that had one.
    core::Duration connect{};
    core::Duration first_byte{};
    core::Duration total{};
};

class ExchangeTold : public ExchangeTest {
protected:
    void SetUp() override {
        ExchangeTest::SetUp();
        context.access_log = &told;
    }
    RecordingLog told;
};

TEST_F(ExchangeTold, OfAnAnswerIsItsStatusItsBytesAndWhoGaveIt) {
    upstreams.at_once = {{.is_reused = true}};
    begin_post(3);
    sink->on_request_body(bytes("abc"));
    sink->on_request_end();
    respond_ok("hello");
    end_response();
    EXPECT_EQ(told.lines, std::vector<std::string>{"200 ok in 3 out 5 by 10.0.0.1:80 in 1 reused"});
    EXPECT_EQ(counters.of(Reason::ok).value(), 1U);
}

TEST_F(ExchangeTold, OfAFailureIsTheWordThatTheClientReads) {
    make(std::nullopt);
    get();
    EXPECT_EQ(told.lines.back(), "404 no_route in 0 out 24 by nobody in 0");
    make(Route{.group = {1}, .retry = &retry});
    retry.attempts = 1;
    upstreams.at_once = {{.error = core::Error{.code = Errc::refused, .retry = core::Retry::yes}}};
    get();
    EXPECT_EQ(told.lines.back(), "502 upstream_unreachable in 0 out 38 by 10.0.0.1:80 in 1");
    EXPECT_EQ(counters.of(Reason::upstream_unreachable).value(), 1U);
}

TEST_F(ExchangeTold, OfAnAnswerThatWasCutIsTheStatusThatWentOut) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n\r\n");
    upstream().sink.on_response_body(bytes("1234"));
    fail(Errc::ended, core::Retry::never);
    EXPECT_EQ(told.lines.back(), "206 upstream_cut in 0 out 4 by 10.0.0.1:80 in 1");
}

TEST_F(ExchangeTold, OfAStaleConnectionIsOneTryWithTheOneThatTookItsPlace) {
    upstreams.at_once = {{.is_reused = true}, {}};
    get();
    fail(Errc::ended, core::Retry::if_reused);
    respond_ok();
    end_response();
    EXPECT_EQ(told.lines.back(), "200 ok in 0 out 0 by 10.0.0.1:80 in 1");
}

TEST_F(ExchangeTold, OfAStaleConnectionThatNoOtherMayReplaceIsOneTry) {
    upstreams.at_once = {{.is_reused = true}};
    begin_post(3);
    sink->on_request_body(bytes("abc"));
    sink->on_request_end();
    fail(Errc::ended, core::Retry::if_reused);
    EXPECT_EQ(told.lines.back(), "502 upstream_reset in 3 out 32 by 10.0.0.1:80 in 1 reused");
}

TEST_F(ExchangeTold, OfAnAnswerCutOnAPooledConnectionIsOneTry) {
    upstreams.at_once = {{.is_reused = true}};
    get();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    fail(Errc::ended, core::Retry::if_reused);
    EXPECT_EQ(told.lines.back(), "200 upstream_cut in 0 out 0 by 10.0.0.1:80 in 1 reused");
}

TEST_F(ExchangeTold, OfAClientThatLeftIsThatItDid) {
    upstreams.at_once = {{}};
    get();
    leave();
    EXPECT_EQ(told.lines.back(), "499 client_gone in 0 out 0 by 10.0.0.1:80 in 1");
}

TEST_F(ExchangeTold, OfARefusedBodyIsItsRefusal) {
    upstreams.at_once = {{}};
    begin("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    sink->on_request_pause();
    client.is_gone = true;
    const RequestIdText id = sink->on_request_refused(Refusal::bad_chunk);
    EXPECT_EQ(id.view().size(), 32U);
    EXPECT_EQ(told.lines.back(), "400 bad_chunk in 0 out 27 by 10.0.0.1:80 in 1");
}

// Whoever asks why a client saw a failure finds which rule was the last word.
TEST_F(ExchangeTold, OfAFailureIsWhyItWasNotTriedAgain) {
    const auto last_word_of = [this](std::string_view head, core::Retry safety) {
        upstreams.at_once = {{}};
        begin(head);
        sink->on_request_pause();
        upstream().is_lent = false;
        upstream().sink.on_upstream_failed(
            {.code = Errc::ended, .side = core::Side::upstream, .retry = safety, .what = "gone"});
        return std::exchange(told.last_word, {});
    };
    constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    EXPECT_EQ(last_word_of(plain, core::Retry::never), "kind: gone");
    EXPECT_EQ(last_word_of(post, core::Retry::if_idempotent), "not_idempotent: gone");
    retry.attempts = 1;
    EXPECT_EQ(last_word_of(plain, core::Retry::if_idempotent), "attempts: gone");
    retry.attempts = 2;
    retry.budget = retry.budget_floor = 0;
    make(Route{.group = {1}, .retry = &retry});
    EXPECT_EQ(last_word_of(plain, core::Retry::if_idempotent), "budget: gone");
}

TEST_F(ExchangeTold, OfAFailureBehindALongBodyIsThatItHadLeft) {
    upstreams.at_once = {{}};
    begin(fmt::format("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                      Exchanges::held_body_bytes_max + 1));
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    fail(Errc::ended, core::Retry::if_idempotent);
    EXPECT_EQ(told.last_word, "body_sent: ");
}

TEST_F(ExchangeTold, OfAnAnswerThatWasCutIsThatItHadBegun) {
    upstreams.at_once = {{}};
    get();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    fail(Errc::ended, core::Retry::never);
    EXPECT_EQ(told.last_word, "answer_began: ");
}

TEST_F(ExchangeTold, OfAStatusThatWasPassedOnIsWhyAndOfOneTriedAgainNothing) {
    constexpr std::string_view busy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    retry.statuses = {503};
    upstreams.at_once = {{}, {}};
    get();
    respond(busy);
    respond_ok();
    end_response();
    EXPECT_EQ(told.last_word, "");
    upstreams.at_once = {{}, {}};
    get();
    respond(busy);
    respond(busy);
    end_response();
    EXPECT_EQ(told.last_word, "attempts: ");
}

// A response is told of to its client, too, when that is asked for.
class ExchangeTells : public ExchangeTest {
protected:
    std::string field(std::string_view name) {
        for (const std::string& line : client.fields) {
            if (line.starts_with(name)) return line;
        }
        return "none";
    }
    void answer_once() {
        upstreams.at_once = {{}};
        get();
        respond_ok();
        end_response();
    }
};

TEST_F(ExchangeTells, NothingUnlessItIsAsked) {
    answer_once();
    EXPECT_EQ(field("Proxy-Status"), "none");
    EXPECT_EQ(field("Server-Timing"), "none");
}

TEST_F(ExchangeTells, WhoAnsweredAndWhereTheTimeWent) {
    forwarding.proxy_status = forwarding.server_timing = true;
    answer_once();
    EXPECT_EQ(field("Proxy-Status"), "Proxy-Status: ringway; received-status=200");
    EXPECT_EQ(field("Server-Timing"), "Server-Timing: connect;dur=0.000, first_byte;dur=0.000");
}

TEST_F(ExchangeTells, InJsonWhyThereIsNoAnswerWhenJsonIsPreferred) {
    make(std::nullopt);
    begin("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
    EXPECT_EQ(log.back(), "client reply 404 no_route in JSON");
    begin("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
    EXPECT_EQ(log.back(), "client reply 404 no_route");
}

}  // namespace
}  // namespace ringway::http
