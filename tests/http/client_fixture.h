// H1Clients on a simulated host, each with a ResponseSink that writes down what it hears. The
// backend is a raw peer that the test plays byte by byte.
// Whatever a test did, at its end no client, buffer, timer, descriptor or operation is left, and
// each exchange has ended at most once. One fixture per test, in one thread, in simulated time.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "http/h1_client.h"
#include "tests/support/parsed_head.h"
#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::http::fakes {

class Heard : public ResponseSink {
public:
    virtual ~Heard() = default;

    void on_response_head(const ResponseHead& head) override {
        EXPECT_FALSE(is_over());
        statuses.push_back(head.status);
    }
    void on_response_body(core::Buffer bytes) override {
        EXPECT_FALSE(is_over() || statuses.empty());
        body.append(reinterpret_cast<const char*>(bytes.bytes().data()), bytes.size());
    }
    void on_response_trailers(core::Buffer lines) override {
        EXPECT_FALSE(is_over() || statuses.empty());
        trailers.assign(reinterpret_cast<const char*>(lines.bytes().data()), lines.size());
    }
    void on_response_pause() override { pauses++; }
    void on_response_end() override {
        EXPECT_FALSE(is_over()) << "an end is told once";
        ended = true;
    }
    void on_upstream_drained() override { drained++; }
    void on_upstream_failed(const core::Error& failure) override {
        EXPECT_FALSE(is_over()) << "an end is told once";
        failed = true;
        error = failure;
    }
    bool is_over() const { return ended || failed; }

    std::vector<int> statuses;
    std::string body;
    std::string trailers;
    core::Error error;
    int pauses = 0;
    int drained = 0;
    bool ended = false;
    bool failed = false;
};

// Owns the clients, as the upstream pool would.
class ClientHost final : public sim::SimHost, public H1ClientOwner, private core::SleepGate {
public:
    ClientHost(sim::SimNet& net, std::string_view address)
        : io_(net, {.host = core::Address::parse(address).value(),
                    .bulk_pool = {.count = 4, .bytes_each = 131'072, .front_room = 512}}) {}

    sim::SimIo& io() override { return io_; }
    void tick() override {
        if (is_stalled) return;
        io_.run_once(timers_.next_deadline(), *this);
        timers_.advance(io_.clock().now());
        io_.pool(core::Pool::upstream).resume_waiters();
    }
    H1Client& make() {
        clients.push_back(std::make_unique<H1Client>(context, *this, timeouts));
        return *clients.back();
    }

    void on_client_connected(H1Client&) override { connected++; }
    void on_client_unreachable(H1Client&, const core::Error& error) override {
        unreachable.push_back(error);
    }
    void on_client_idle(H1Client& client) override {
        idle++;
        if (next_sink == nullptr) return;
        client.begin_exchange(*std::exchange(next_sink, nullptr));
        client.allow(body_window_bytes);
        send_next(client);
    }
    void on_client_ending(H1Client&) override { ending++; }
    void on_client_closed(H1Client& client) override {
        std::erase_if(clients, [&](const auto& each) { return each.get() == &client; });
        closed++;
    }

    // A request that takes the connection the moment it becomes idle, as a queue's would.
    ResponseSink* next_sink = nullptr;
    void send_next(H1Client& client) {
        const tests::ParsedRequest head =
            tests::parse_request("GET /next HTTP/1.1\r\nHost: b\r\n\r\n");
        client.send_head(head.head, {});
        client.end_request();
    }

    bool is_stalled = false;  // As a machine that is short of CPU.
    int connected = 0;
    int idle = 0;
    int ending = 0;
    int closed = 0;
    std::vector<core::Error> unreachable;
    std::vector<std::unique_ptr<H1Client>> clients;
    UpstreamTimeouts timeouts;
    Settings settings;
    core::BufferPool small{{.count = 32, .bytes_each = 4'096}};
    core::BufferPool large{{.count = 4, .bytes_each = 65'536}};
    Counters counters;

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}

    sim::SimIo io_;
    core::TimerWheel timers_{io_.clock().now()};
    FieldTable field_table_;

public:
    Context context{.io = io_,
                    .timers = timers_,
                    .settings = settings,
                    .small_buffers = small,
                    .large_buffers = large,
                    .counters = counters,
                    .field_table = field_table_};
};

class ClientTest : public testing::Test, protected tests::SimBench {
protected:
    ClientTest() {
        world.add(host);
        world.add(far);
        far.listen(address);
    }
    void TearDown() override {
        for (const auto& client : host.clients) client->begin_close();
        EXPECT_TRUE(until([this] { return far.finish() && host.clients.empty(); }));
        EXPECT_EQ(host.io().in_flight(), 0U);
        EXPECT_EQ(host.io().open_descriptors(), 0U);
        EXPECT_EQ(host.small.free_count(), host.small.count());
        EXPECT_EQ(host.large.free_count(), host.large.count());
    }

    // Connected and idle; the backend's end is far.peers.back().
    H1Client& connect() {
        H1Client& client = host.make();
        EXPECT_TRUE(client.connect(address).has_value());
        const std::size_t peers = far.peers.size();
        EXPECT_TRUE(until(
            [&] { return client.state() == H1Client::State::idle && far.peers.size() > peers; }));
        return client;
    }
    // The host sleeps through what a test does from outside, with the time it went to sleep at: it
    // is woken before and after, as a tick would be around it.
    void wake() {
        host.io().waker().wake();
        run_for(std::chrono::milliseconds(1));
    }
    tests::SimPeer& backend() { return *far.peers.back(); }

    void send(H1Client& client, ResponseSink& sink, std::string_view head_text,
              std::string_view body = "") {
        client.begin_exchange(sink);
        client.allow(body_window_bytes);
        const tests::ParsedRequest head = tests::parse_request(head_text);
        ASSERT_EQ(head.result, Parse::complete);
        client.send_head(head.head, {});
        if (!body.empty()) client.send_body(bytes(body));
        client.end_request();
    }
    void get(H1Client& client, ResponseSink& sink) {
        send(client, sink, "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    }
    core::Buffer bytes(std::string_view text) {
        core::Buffer buffer = host.io().pool(core::Pool::client).try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }

    core::Address address = core::Address::parse("10.0.0.9:80").value();
    ClientHost host{net, "10.0.0.1:1"};
    tests::RawHost far{net, "10.0.0.9:1"};
};

}  // namespace ringway::http::fakes
