// Requests that go on though their client has gone: client_gone = "finish".
#include "http/exchange.h"
#include "tests/http/exchange_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using core::Retry;
using fakes::ExchangeTest;

class ExchangeWithoutClient : public ExchangeTest {
protected:
    void SetUp() override {
        make(Route{.group = {1}, .retry = &retry, .client_gone = ClientGone::finish});
        upstreams.at_once = {{}};
    }
};

TEST_F(ExchangeWithoutClient, AWholeRequestGoesOnWhereTheGroupSaysSo) {
    get();
    leave();
    respond("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
    for (std::size_t sent = 0; sent < 300'000; sent += 1'000) {
        ASSERT_GE(upstream().allowed, 1'000U);
        upstream().sink.on_response_body(bytes(std::string(1'000, 'x')));
        upstream().sink.on_response_pause();
    }
    EXPECT_EQ(counters.exchanges_finished.value(), 0U);
    upstream().is_lent = false;
    upstream().sink.on_response_end();
    EXPECT_EQ(counters.exchanges_finished.value(), 1U);
    EXPECT_EQ(counters.exchanges_abandoned.value(), 1U);
    EXPECT_EQ(counters.of(Reason::client_gone).value(), 1U);
}

TEST_F(ExchangeWithoutClient, ItsFailureIsNobodysAnswer) {
    get();
    leave();
    upstream().is_lent = false;
    fail(Errc::malformed, Retry::never);
    EXPECT_EQ(counters.of(Reason::client_gone).value(), 1U);
    EXPECT_EQ(counters.exchanges_finished.value(), 1U);
}

TEST_F(ExchangeWithoutClient, EndsWhenAllIsToEnd) {
    upstreams.at_once = {{}, {}};
    get();
    leave();
    exchanges->end_abandoned();
    EXPECT_EQ(log.back(), "upstream abort");
    EXPECT_EQ(counters.exchanges_finished.value(), 1U);
    get();
    leave();  // From now on none goes on.
    EXPECT_EQ(log.back(), "upstream abort");
    EXPECT_EQ(counters.exchanges_abandoned.value(), 1U);
}

TEST_F(ExchangeWithoutClient, WaitsForNoBackendWhenAllIsToEnd) {
    upstreams.at_once = {};
    get();
    leave();
    EXPECT_TRUE(upstreams.is_waiting());
    exchanges->end_abandoned();
    EXPECT_FALSE(upstreams.is_waiting());
    EXPECT_EQ(counters.exchanges_finished.value(), 1U);
}

TEST_F(ExchangeWithoutClient, HalfARequestDoesNotGoOn) {
    begin_post(4);
    sink->on_request_body(bytes("ab"));
    sink->on_request_pause();
    leave();
    EXPECT_EQ(log.back(), "upstream abort");
    EXPECT_EQ(counters.exchanges_abandoned.value(), 0U);
}

}  // namespace
}  // namespace ringway::http
