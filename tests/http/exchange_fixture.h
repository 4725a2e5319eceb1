// An Exchange between fakes, with no socket and no bytes of HTTP on a wire: the test plays the
// parts of the client and of the backend by calling the exchange's sinks, and reads the common log.
// Whatever a test did, at its end each exchange has ended exactly once and holds nothing.
// One fixture per test, on the test's thread.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "tests/http/exchange_fakes.h"
#include "tests/sim/sim_io.h"
#include "tests/support/parsed_head.h"

namespace ringway::http::fakes {

// Has no place for a tunnel until it is given one.
class FakeTunnels final : public Tunnels {
public:
    TunnelEnds* try_open(core::BackendId) override { return next; }
    TunnelEnds* next = nullptr;
};

class ExchangeTest : public testing::Test {
protected:
    void SetUp() override { make(Route{.group = {1}, .retry = &retry}); }

    void make(std::optional<Route> route) {
        exchanges.reset();
        router.emplace(route);
        const RetryBudget::Options budget{
            .share = retry.budget, .floor_per_second = static_cast<double>(retry.budget_floor)};
        exchanges.emplace(
            context, Exchanges::Options{.count_max = 4,
                                        .router = *router,
                                        .upstreams = upstreams,
                                        .tunnels = tunnels,
                                        .forwarding = forwarding,
                                        .budgets = {RetryBudget{budget}, RetryBudget{budget}}});
    }

    // Each path ends once, and leaves neither an exchange nor a buffer.
    void TearDown() override {
        forget_request();
        EXPECT_EQ(ended, began);
        EXPECT_EQ(counters.exchanges_finished.value(), static_cast<std::uint64_t>(began));
        EXPECT_EQ(exchanges->size(), 0U);
        EXPECT_FALSE(upstreams.is_waiting());
        EXPECT_EQ(small.free_count(), small.count());
    }

    // The next request is the first the client side knows of.
    void forget_request() {
        ended += client.ends + (client.is_gone ? 1 : 0);
        client.ends = 0;
        client.has_head = client.is_gone = false;
    }

    // The client's part.
    void begin(std::string_view head_text) {
        ParsedRequest head = tests::parse_request(head_text);
        ASSERT_EQ(head.result, Parse::complete);
        forget_request();
        began++;
        sink = exchanges->begin(client, head.head);
    }
    void get(std::string_view path = "/") {
        begin(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path));
        if (sink != nullptr) sink->on_request_end();
    }
    // Up to the point where a body would be sent.
    void begin_post(std::size_t length) {
        begin(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", length));
    }
    void leave() {
        client.is_gone = true;
        sink->on_client_gone({.code = core::Errc::reset, .side = core::Side::client});
    }

    // The backend's part.
    FakeUpstream& upstream() { return *upstreams.lent.back(); }
    void respond(std::string_view head_text, Method method = Method::get) {
        tests::ParsedResponse head = tests::parse_response(head_text, method);
        ASSERT_EQ(head.result, Parse::complete);
        upstream().sink.on_response_head(head.head);
    }
    void respond_ok(std::string_view body = "") {
        respond(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.size()));
        if (!body.empty()) upstream().sink.on_response_body(bytes(body));
    }
    void end_response() {
        upstream().is_lent = false;
        upstream().sink.on_response_end();
    }
    void fail(core::Errc code, core::Retry safety) {
        upstream().is_lent = false;
        upstream().sink.on_upstream_failed(
            {.code = code, .side = core::Side::upstream, .retry = safety});
    }

    core::Buffer bytes(std::string_view text) {
        core::Buffer buffer = small.try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }
    core::Buffer bytes(std::size_t count) { return bytes(std::string(count, 'x')); }

    using ParsedRequest = tests::ParsedRequest;

    sim::SimClock clock;
    sim::SimFaults faults{1};
    sim::SimNet net{clock, faults};
    sim::SimIo io{net, {.host = core::Address::ipv4_loopback(0)}};
    core::TimerWheel timers{clock.now()};
    Settings settings;
    RetrySettings retry;
    core::BufferPool small{{.count = 64, .bytes_each = 8'192}};
    core::BufferPool large{{.count = 4, .bytes_each = 65'536}};
    Counters counters;
    FieldTable field_table;
    Context context{.io = io,
                    .timers = timers,
                    .settings = settings,
                    .small_buffers = small,
                    .large_buffers = large,
                    .counters = counters,
                    .field_table = field_table};
    ForwardingSettings forwarding;
    Log log;
    FakeClient client{log};
    FakeUpstreams upstreams{log};
    FakeTunnels tunnels;
    std::optional<Router> router;
    std::optional<Exchanges> exchanges;
    RequestSink* sink = nullptr;
    int began = 0;
    int ended = 0;
};

}  // namespace ringway::http::fakes
