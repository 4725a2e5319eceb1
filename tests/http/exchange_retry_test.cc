// Which failures lead to another attempt. What decides: what the error says about the request
// (http/upstreams.h and h1_client say it), whether the request may be repeated, whether any of its
// body left, and how many attempts the route allows.
#include "tests/http/exchange_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using core::Retry;
using Backends = std::vector<core::BackendId>;
using fakes::ExchangeTest;

core::Error unreachable() {
    return {.code = Errc::refused, .side = core::Side::upstream, .retry = Retry::yes};
}

class ExchangeRetry : public ExchangeTest {
protected:
    void allow(std::uint32_t attempts) {
        retry.attempts = attempts;
        make(Route{.group = {0}, .retry = &retry});
    }
    void post(std::size_t body) {
        begin_post(body);
        if (body > 0) sink->on_request_body(bytes(body));
        sink->on_request_end();
    }
    void answer_and_end() {
        respond_ok();
        end_response();
        EXPECT_EQ(log.back(), "client finish");
    }
};

TEST_F(ExchangeRetry, ABackendThatCannotBeReachedIsAvoidedTheNextTime) {
    upstreams.at_once = {{.backend = 7, .error = unreachable()}, {.backend = 8}};
    get();
    ASSERT_EQ(upstreams.selections.size(), 2U);
    EXPECT_EQ(upstreams.failed[1], Backends{{7}});
    EXPECT_EQ(counters.retries.value(), 1U);
    answer_and_end();
}

TEST_F(ExchangeRetry, AnUnsentPostMayGoToAnotherBackend) {
    upstreams.at_once = {{.error = unreachable()}, {}};
    post(2);
    EXPECT_EQ(upstream().received, 2U);
    answer_and_end();
}

TEST_F(ExchangeRetry, AttemptsAreCountedAndTheLastFailureIsAnswered) {
    for (std::uint32_t attempts = 1; attempts <= 4; attempts++) {
        allow(attempts);
        upstreams.selections.clear();
        upstreams.at_once.assign(attempts, {.error = unreachable()});
        get();
        EXPECT_EQ(upstreams.selections.size(), attempts);
        EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
    }
}

TEST_F(ExchangeRetry, AttemptsThatAreAnsweredLaterAreCountedTheSame) {
    get();
    upstreams.give({.error = unreachable()});
    EXPECT_TRUE(upstreams.is_waiting());
    upstreams.give({.error = unreachable()});
    EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
    EXPECT_EQ(upstreams.selections.size(), 2U);
}

// --- Who refuses while others can be asked
// --------------------------------------------

fakes::FakeUpstreams::Answer refusal(Errc code = Errc::refused) {
    return {.others_remain = true,
            .error = core::Error{.code = code, .side = core::Side::upstream, .retry = Retry::yes}};
}

// Both primaries have just died, and a backup is there: two attempts would end with the second.
TEST_F(ExchangeRetry, ARefusalIsNoAttemptWhileAnotherCanBeAsked) {
    retry.budget = retry.budget_floor = 0;
    allow(2);
    upstreams.at_once = {refusal(), refusal(), refusal(), {.backend = 8}};
    post(2);
    EXPECT_EQ(upstreams.selections.size(), 4U);
    EXPECT_EQ(counters.retries.value(), 3U);
    answer_and_end();
}

TEST_F(ExchangeRetry, AttemptsBeginToCountWhenNobodyElseIsLeft) {
    allow(3);
    upstreams.at_once = {refusal(), refusal()};
    upstreams.at_once.insert(upstreams.at_once.end(), 3, {.error = unreachable()});
    get();
    EXPECT_EQ(upstreams.selections.size(), 5U);
    EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
}

TEST_F(ExchangeRetry, AfterRefusalsAnAnswerThatNeverCameHasItsAttempts) {
    allow(2);
    upstreams.at_once = {refusal(), refusal(), {}, {}};
    get();
    fail(Errc::reset, Retry::if_reused);
    EXPECT_EQ(upstreams.selections.size(), 4U);
    fail(Errc::reset, Retry::if_reused);
    EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
}

TEST_F(ExchangeRetry, RefusalsComeToAnEndEvenWhereBackendsComeAndGo) {
    allow(2);
    upstreams.at_once.assign(1'000, refusal());
    get();
    EXPECT_EQ(upstreams.selections.size(), 32U + 2);
    EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
    upstreams.at_once.clear();
}

TEST_F(ExchangeRetry, AConnectThatTookItsTimeIsAnAttempt) {
    allow(2);
    upstreams.at_once = {refusal(Errc::timed_out), refusal(Errc::timed_out)};
    get();
    EXPECT_EQ(upstreams.selections.size(), 2U);
    EXPECT_EQ(log.back(), "client reply 504 connect_timeout");
}

TEST_F(ExchangeRetry, WhereOneAttemptIsWantedTheFirstRefusalIsTheAnswer) {
    allow(1);
    upstreams.at_once = {refusal()};
    get();
    EXPECT_EQ(upstreams.selections.size(), 1U);
    EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
}

TEST_F(ExchangeRetry, NobodyEligibleIsNobodysFaultAndExcludesNobody) {
    upstreams.at_once = {{.error = core::Error{.code = Errc::unavailable, .retry = Retry::yes}},
                         {}};
    get();
    EXPECT_TRUE(upstreams.failed[1].empty());
    answer_and_end();
}

// Every combination of what the failing connection said with what the request is.
struct Case {
    Retry retry;
    bool is_reused;
    bool is_idempotent;
    bool is_retried;
};

TEST_F(ExchangeRetry, AnAnswerThatNeverCameIsRetriedWhereThatIsSafe) {
    const Case cases[] = {
        // Nothing left us: anything may be retried.
        {Retry::yes, false, true, true},
        {Retry::yes, false, false, true},
        {Retry::yes, true, true, true},
        {Retry::yes, true, false, true},
        // It may have been acted on: only what may be done twice.
        {Retry::if_reused, false, true, true},
        {Retry::if_reused, false, false, false},
        {Retry::if_reused, true, true, true},
        {Retry::if_reused, true, false, false},
        // The same, and no fault of the pool's.
        {Retry::if_idempotent, false, true, true},
        {Retry::if_idempotent, false, false, false},
        {Retry::if_idempotent, true, true, true},
        {Retry::if_idempotent, true, false, false},
        // It would come again.
        {Retry::never, false, true, false},
        {Retry::never, true, true, false},
        {Retry::never, true, false, false},
    };
    int exchange = 0;
    for (const Case& each : cases) {
        SCOPED_TRACE(exchange++);
        upstreams.at_once = {{.is_reused = each.is_reused}};
        upstreams.selections.clear();
        if (each.is_idempotent) {
            get();
        } else {
            post(0);
        }
        fail(Errc::ended, each.retry);
        EXPECT_EQ(upstreams.is_waiting(), each.is_retried);
        if (upstreams.is_waiting()) {
            upstreams.give({.error = core::Error{.code = Errc::unavailable}});
        }
    }
}

TEST_F(ExchangeRetry, AShortBodyThatLeftIsSentAgainWithTheRequest) {
    upstreams.at_once = {{.is_reused = true}, {}};
    begin("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    sink->on_request_body(bytes("cd"));
    sink->on_request_end();
    log.clear();
    fail(Errc::ended, Retry::if_reused);
    EXPECT_EQ(log,
              (fakes::Log{"acquire", "upstream head /", "upstream body abcd", "upstream end"}));
    answer_and_end();
}

TEST_F(ExchangeRetry, AShortBodyOfWhichAPartLeftIsSentAgainWithItsRest) {
    upstreams.at_once = {{.is_reused = true}};
    begin("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    fail(Errc::ended, Retry::if_reused);
    sink->on_request_body(bytes("cd"));
    upstreams.give({});
    sink->on_request_body(bytes("ef"));
    sink->on_request_end();
    EXPECT_EQ(upstream().received, 6U);
    log.clear();
    upstreams.at_once = {{}};
    fail(Errc::ended, Retry::if_reused);
    EXPECT_EQ(log,
              (fakes::Log{"acquire", "upstream head /", "upstream body abcdef", "upstream end"}));
    answer_and_end();
}

TEST_F(ExchangeRetry, ALongBodyThatLeftIsNotRepeated) {
    for (const Retry safety : {Retry::yes, Retry::if_reused, Retry::never}) {
        upstreams.at_once = {{.is_reused = true}};
        begin(fmt::format("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                          Exchanges::held_body_bytes_max + 1));
        sink->on_request_body(bytes("ab"));
        sink->on_request_pause();
        fail(Errc::reset, safety);
        EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
    }
    EXPECT_EQ(counters.retries.value(), 0U);
}

TEST_F(ExchangeRetry, ABodyOfUnknownLengthThatLeftIsNotRepeated) {
    upstreams.at_once = {{.is_reused = true}};
    begin("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    fail(Errc::reset, Retry::yes);
    EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
}

TEST_F(ExchangeRetry, ARequestWhoseBodyIsStillToComeIsRepeatedWithAllOfIt) {
    upstreams.at_once = {{.is_reused = true}};
    begin("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    sink->on_request_pause();
    fail(Errc::ended, Retry::if_reused);
    sink->on_request_body(bytes("abcd"));
    sink->on_request_end();
    upstreams.give({});
    EXPECT_EQ(upstream().received, 4U);
    EXPECT_TRUE(upstream().request_ended);
    answer_and_end();
}

// --- A pooled connection that its backend had given up
// --------------------------------------------

TEST_F(ExchangeRetry, AStaleConnectionIsFollowedByAFreshOneAndBlamesNobody) {
    upstreams.at_once = {{.is_reused = true, .backend = 7}, {.backend = 7}};
    get();
    fail(Errc::ended, Retry::if_reused);
    ASSERT_EQ(upstreams.selections.size(), 2U);
    EXPECT_TRUE(upstreams.selections[1].fresh_only);
    EXPECT_TRUE(upstreams.failed[1].empty());
    answer_and_end();
}

TEST_F(ExchangeRetry, AStaleConnectionIsNotAnAttemptAtTheBackend) {
    allow(1);
    upstreams.at_once = {{.is_reused = true}, {}};
    get();
    fail(Errc::reset, Retry::if_reused);
    answer_and_end();
}

// A backend that restarts leaves stale connections behind and refuses new ones: both in a row.
TEST_F(ExchangeRetry, AStaleConnectionLeavesTheAttemptsForOtherBackends) {
    upstreams.at_once = {
        {.is_reused = true, .backend = 7}, {.backend = 7, .error = unreachable()}, {.backend = 8}};
    get();
    fail(Errc::reset, Retry::if_reused);
    ASSERT_EQ(upstreams.selections.size(), 3U);
    EXPECT_EQ(upstreams.failed[2], Backends{{7}});
    answer_and_end();
}

TEST_F(ExchangeRetry, AFreshConnectionThatFailsBlamesItsBackend) {
    upstreams.at_once = {{.backend = 7}, {.backend = 8}};
    get();
    fail(Errc::reset, Retry::if_reused);
    ASSERT_EQ(upstreams.selections.size(), 2U);
    EXPECT_FALSE(upstreams.selections[1].fresh_only);
    EXPECT_EQ(upstreams.failed[1], Backends{{7}});
    answer_and_end();
}

// It has read the request and begun to answer: that the connection is an old one explains nothing.
TEST_F(ExchangeRetry, AnAnswerCutInItsHeadBlamesItsBackendOnAPooledConnectionToo) {
    upstreams.at_once = {{.is_reused = true, .backend = 7}, {.backend = 8}};
    allow(2);
    get();
    fail(Errc::ended, Retry::if_idempotent);
    ASSERT_EQ(upstreams.selections.size(), 2U);
    EXPECT_FALSE(upstreams.selections[1].fresh_only);
    EXPECT_EQ(upstreams.failed[1], Backends{{7}});
    fail(Errc::ended, Retry::if_idempotent);
    EXPECT_EQ(log.back(), "client reply 502 upstream_reset");
}

// Two of six are ill: with the last one alone excluded the third try may meet the first again.
TEST_F(ExchangeRetry, NobodyWhoFailedTheRequestIsAskedForItAgain) {
    retry.statuses = {503};
    allow(4);
    upstreams.at_once = {
        {.backend = 7}, {.backend = 8, .error = unreachable()}, {.backend = 9}, {}};
    get();
    respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    fail(Errc::reset, Retry::if_reused);
    ASSERT_EQ(upstreams.selections.size(), 4U);
    EXPECT_EQ(upstreams.failed[2], (Backends{{7}, {8}}));
    EXPECT_EQ(upstreams.failed[3], (Backends{{7}, {8}, {9}}));
    answer_and_end();
}

TEST_F(ExchangeRetry, AStaleConnectionIsForgivenAndWhoFailedBeforeIsNot) {
    allow(3);
    upstreams.at_once = {{.backend = 7}, {.is_reused = true, .backend = 8}, {.backend = 8}};
    get();
    fail(Errc::reset, Retry::if_reused);
    fail(Errc::reset, Retry::if_reused);
    ASSERT_EQ(upstreams.selections.size(), 3U);
    EXPECT_EQ(upstreams.failed[2], Backends{{7}});
    answer_and_end();
}

// --- Answers that are tried again, and what retries may cost
// --------------------------------------

TEST_F(ExchangeRetry, AStatusTheRouteNamesIsTriedAgainElsewhere) {
    retry.statuses = {503};
    upstreams.at_once = {{.backend = 7}, {.backend = 8}};
    get();
    respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\n");
    ASSERT_EQ(upstreams.selections.size(), 2U);
    EXPECT_EQ(upstreams.failed[1], Backends{{7}});
    EXPECT_EQ(client.has_head, false);
    answer_and_end();
}

TEST_F(ExchangeRetry, TheLastAttemptsAnswerIsTheAnswerWhateverItsStatus) {
    retry.statuses = {503};
    upstreams.at_once = {{}, {}};
    get();
    respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(log.back(), "client head 503");
    end_response();
}

TEST_F(ExchangeRetry, AStatusOfAnUnrepeatableRequestIsItsAnswer) {
    retry.statuses = {503};
    upstreams.at_once = {{}};
    post(0);
    respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(log.back(), "client head 503");
    end_response();
}

TEST_F(ExchangeRetry, RetriesCostNoMoreThanTheirShareOfTheRequests) {
    retry.budget = 0.2;
    retry.budget_floor = 0;
    allow(2);
    constexpr int requests = 100;
    for (int i = 0; i < requests; i++) {
        upstreams.at_once = {{.error = unreachable()}, {.error = unreachable()}};
        get();
        EXPECT_EQ(log.back(), "client reply 502 upstream_unreachable");
        upstreams.at_once.clear();
    }
    EXPECT_EQ(counters.retries.value(), 20U);
}

TEST_F(ExchangeRetry, AStaleConnectionCostsNothingOfTheBudget) {
    retry.budget = retry.budget_floor = 0;
    allow(2);
    upstreams.at_once = {{.is_reused = true}, {}};
    get();
    fail(Errc::ended, Retry::if_reused);
    answer_and_end();
}

}  // namespace
}  // namespace ringway::http
