// H1Sessions on a simulated host, with a RequestSinks that the test plays: each request is
// recorded as it comes, and answered when and how the test says, or at once by an echo. Clients
// are raw peers that send and receive bytes.
// Whatever a test did, at its end no session, buffer, timer, descriptor or operation is left, and
// each request has ended exactly once. One fixture per test, in one thread, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/h1_session.h"
#include "tests/support/parsed_head.h"
#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::http::fakes {

using tests::SimPeer;

// One request, as its sink heard of it.
class Recorded final : public RequestSink {
public:
    Recorded(ClientSide& client, const RequestHead& head)
        : method(head.method), target(head.at(head.target)), client_(client) {}

    // Sends a response; `finishes` false leaves it open for more. The body goes in pieces.
    void answer(std::string_view head_text, std::string_view body = "", bool finishes = true);
    void send_body(std::string_view body);
    void send_trailers(std::string_view lines);
    void finish() {
        is_over = true;
        client_.finish();
    }
    ClientSide& client() { return client_; }

    Method method;
    std::string target;
    std::string body;
    std::string trailers;
    int pauses = 0;
    bool has_ended = false;  // The request is whole.
    bool is_gone = false;    // The client is.
    bool is_over = false;    // Answered to the end, or gone.
    int drained = 0;
    bool echoes = false;
    core::BufferPool* pool = nullptr;  // What bodies are made of.

private:
    void on_request_body(core::Buffer bytes) override {
        EXPECT_FALSE(has_ended || is_over);
        body.append(reinterpret_cast<const char*>(bytes.bytes().data()), bytes.size());
        if (grants) client_.grant(bytes.size());
    }
    void on_request_trailers(core::Buffer lines) override {
        EXPECT_FALSE(has_ended || is_over);
        EXPECT_TRUE(trailers.empty());
        trailers.assign(reinterpret_cast<const char*>(lines.bytes().data()), lines.size());
    }
    void on_request_pause() override {
        pauses++;
        if (pauses == 1 && grants) client_.grant(65'536);
    }
    void on_request_end() override;
    void on_client_drained() override { drained++; }
    void on_client_gone(const core::Error& error) override {
        EXPECT_FALSE(is_gone || is_over) << "an end is told once";
        is_gone = is_over = true;
        why_gone = error.code;
    }

    ClientSide& client_;

public:
    bool grants = true;
    core::Errc why_gone = core::Errc::unexpected;
};

class SessionHost final : public sim::SimHost,
                          private core::SleepGate,
                          private SessionOwner,
                          private RequestSinks {
public:
    SessionHost(sim::SimNet& net, const core::Address& address);

    sim::SimIo& io() override { return io_; }
    void tick() override;

    // The request is refused at once, from within begin, with this reason. Nothing: it is recorded.
    std::optional<Reason> refuse_with;
    bool echoes = true;
    bool grants = true;
    std::vector<std::unique_ptr<Recorded>> requests;
    std::vector<H1Session*> sessions;  // Those that live.
    std::size_t closed = 0;

    bool finish();

    Settings settings;
    core::BufferPool small{{.count = 64, .bytes_each = 4'096}};
    core::BufferPool large{{.count = 8, .bytes_each = 65'536}};
    Counters counters;

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void on_accepted(core::Outcome outcome) noexcept;
    void on_session_closed(H1Session& session) override;
    RequestSink* begin(ClientSide& client, const RequestHead& head) override;

    sim::SimIo io_;
    core::TimerWheel timers_;
    FieldTable field_table_;
    Context context_;
    Arrival arrival_{.scheme = "http", .port = "80"};
    int listen_fd_;
    bool is_stopping_ = false;
    core::Op<SessionHost> accept_{*this};
};

class SessionTest : public testing::Test, protected tests::SimBench {
protected:
    SessionTest() {
        world.add(host);
        world.add(far);
    }
    void TearDown() override {
        EXPECT_TRUE(until([this] {
            const bool far_is_done = far.finish();
            return host.finish() && far_is_done;
        }));
        EXPECT_EQ(host.sessions.size(), 0U);
        EXPECT_EQ(host.io().open_descriptors(), 0U);
        EXPECT_EQ(host.small.free_count(), host.small.count());
        EXPECT_EQ(host.large.free_count(), host.large.count());
        for (const auto& request : host.requests) EXPECT_TRUE(request->is_over);
    }

    SimPeer& connect() { return far.connect(address); }
    SimPeer& connect(std::string_view bytes) {
        SimPeer& client = connect();
        client.send(bytes);
        return client;
    }
    // What the client got by then.
    std::string exchange(std::string_view bytes) {
        SimPeer& client = connect(bytes);
        settle();
        return client.received;
    }

    core::Address address = core::Address::parse("10.0.0.1:80").value();
    SessionHost host{net, address};
    tests::RawHost far{net, "10.0.0.2:1"};
};

}  // namespace ringway::http::fakes
