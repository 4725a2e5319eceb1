#include "shards/tcp_relay.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using tests::SimPeer;

// A host that accepts connections, keeps their descriptors, and joins two of them with a relay.
class RelayHost final : public sim::SimHost, private core::SleepGate, private RelayOwner {
public:
    RelayHost(sim::SimNet& net, const core::Address& address)
        : io_(net, {.host = address}), timers_(io_.clock().now()), listen_fd_(io_.listen(address)) {
        io_.accept(accept_.then<&RelayHost::on_accepted>(), listen_fd_);
        relay.emplace(io_, timers_,
                      TcpRelay::Options{.owner = *this, .backend = {3}, .idle_timeout = 60s});
    }

    sim::SimIo& io() override { return io_; }
    void tick() override {
        io_.run_once(timers_.next_deadline(), *this);
        timers_.advance(io_.clock().now());
        io_.pool(core::Pool::upstream).resume_waiters();
        io_.pool(core::Pool::client).resume_waiters();
    }

    http::TunnelEnds& ends() { return *relay; }
    core::Buffer early(std::string_view text) {
        core::Buffer buffer = small_.try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }
    std::size_t buffers_in_use(core::Pool pool) {
        return io_.pool(pool).count() - io_.pool(pool).free_count();
    }
    bool finish() {
        if (relay) relay->begin_close();
        if (accept_.in_flight()) {
            if (!is_stopping_) io_.cancel(accept_);
            is_stopping_ = true;
        }
        if (io_.in_flight() > 0) return false;
        if (listen_fd_ >= 0) io_.close_listener(std::exchange(listen_fd_, -1));
        return true;
    }

    std::vector<int> accepted;
    std::optional<TcpRelay> relay;
    int closed = 0;

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void on_accepted(core::Outcome outcome) noexcept {
        if (outcome.result >= 0) accepted.push_back(outcome.result);
        if (!outcome.more && !is_stopping_) {
            io_.accept(accept_.then<&RelayHost::on_accepted>(), listen_fd_);
        }
    }
    void on_relay_closed(TcpRelay& closing) override {
        EXPECT_EQ(closing.backend().value, 3U);
        closed++;
        relay.reset();
    }

    core::BufferPool small_{{.count = 8, .bytes_each = 4'096}};
    sim::SimIo io_;
    core::TimerWheel timers_;
    int listen_fd_;
    bool is_stopping_ = false;
    core::Op<RelayHost> accept_{*this};
};

class TcpRelayTest : public testing::Test, protected tests::SimBench {
protected:
    TcpRelayTest() {
        world.add(host);
        world.add(far);
        client = &far.connect(address);
        settle();
        upstream = &far.connect(address);
        settle();
        EXPECT_EQ(host.accepted.size(), 2U);
    }
    void TearDown() override {
        EXPECT_TRUE(until([this] {
            const bool far_is_done = far.finish();
            return host.finish() && far_is_done;
        }));
        EXPECT_EQ(host.closed, 1);
        EXPECT_EQ(host.io().open_descriptors(), 0U);
        EXPECT_EQ(host.buffers_in_use(core::Pool::client), 0U);
        EXPECT_EQ(host.buffers_in_use(core::Pool::upstream), 0U);
    }

    void release_client(std::string_view early = "") {
        host.ends().on_client_released(host.accepted[0],
                                       early.empty() ? core::Buffer{} : host.early(early));
    }
    void release_upstream(std::string_view early = "") {
        host.ends().on_upstream_released(host.accepted[1],
                                         early.empty() ? core::Buffer{} : host.early(early));
    }
    void join() {
        release_client();
        release_upstream();
    }
    // Nobody will give these to a relay: they are the test's to close.
    void drop(int fd) {
        core::Op<TcpRelayTest> op{*this};
        host.io().close(op.then<&TcpRelayTest::on_dropped>(), fd);
        EXPECT_TRUE(until([&op] { return !op.in_flight(); }));
    }
    void on_dropped(core::Outcome) noexcept {}

    core::Address address = core::Address::parse("10.0.0.1:80").value();
    RelayHost host{net, address};
    tests::RawHost far{net, "10.0.0.2:1"};
    SimPeer* client = nullptr;
    SimPeer* upstream = nullptr;
};

TEST_F(TcpRelayTest, CarriesBytesBothWays) {
    join();
    client->send("to the backend");
    upstream->send("to the client");
    settle();
    EXPECT_EQ(upstream->received, "to the backend");
    EXPECT_EQ(client->received, "to the client");
    EXPECT_FALSE(client->is_over() || upstream->is_over());
}

TEST_F(TcpRelayTest, EarlyBytesComeFirst) {
    release_client("early request ");
    client->send("and the rest");
    settle();
    EXPECT_EQ(upstream->received, "");  // Nothing moves before both are here.
    release_upstream("early answer ");
    upstream->send("and the rest");
    settle();
    EXPECT_EQ(upstream->received, "early request and the rest");
    EXPECT_EQ(client->received, "early answer and the rest");
}

TEST_F(TcpRelayTest, AHalfCloseIsPassedOnBehindItsBytes) {
    join();
    client->send("last words");
    client->end();
    settle();
    EXPECT_EQ(upstream->received, "last words");
    EXPECT_TRUE(upstream->has_ended());
    EXPECT_FALSE(client->is_over());
    // The other direction lives, for as long as it is used.
    for (int i = 0; i < 10; i++) {
        run_for(59s);
        upstream->send("x");
    }
    settle();
    EXPECT_EQ(client->received, "xxxxxxxxxx");
    EXPECT_EQ(host.closed, 0);
    upstream->end();
    settle();
    EXPECT_TRUE(client->has_ended());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, TheBackendMayBeTheFirstToEnd) {
    join();
    upstream->send("bye");
    upstream->end();
    settle();
    EXPECT_EQ(client->received, "bye");
    EXPECT_TRUE(client->has_ended());
    client->send("still here");
    settle();
    EXPECT_EQ(upstream->received, "still here");
    client->end();
    settle();
    EXPECT_TRUE(upstream->has_ended());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, BothEndsAtOnceLoseNothing) {
    join();
    client->send(std::string(100'000, 'c'));
    client->end();
    upstream->send(std::string(100'000, 'u'));
    upstream->end();
    EXPECT_TRUE(until([this] { return host.closed == 1; }));
    settle();
    EXPECT_EQ(upstream->received, std::string(100'000, 'c'));
    EXPECT_EQ(client->received, std::string(100'000, 'u'));
    EXPECT_EQ(client->error(), 0);
    EXPECT_EQ(upstream->error(), 0);
}

// 65,536 bytes wait at most before receiving stops, and one more receive may be under way.
TEST_F(TcpRelayTest, ASlowReaderHoldsUpTheWriterAndLittleMemory) {
    join();
    upstream->stop_reading();
    client->stop_reading();
    const std::string much(8'000'000, 'm');
    client->send(much);
    upstream->send(much);
    run_for(30s);
    EXPECT_FALSE(client->has_sent_all());
    EXPECT_FALSE(upstream->has_sent_all());
    EXPECT_LE(host.buffers_in_use(core::Pool::client), 65'536U / 8'192 + 2);
    EXPECT_LE(host.buffers_in_use(core::Pool::upstream), 65'536U / 8'192 + 2);
    upstream->read_on();
    EXPECT_TRUE(until([&] { return upstream->received.size() == much.size(); }));
    EXPECT_FALSE(upstream->has_sent_all());  // One direction does not wait for the other.
    client->read_on();
    EXPECT_TRUE(until([&] { return client->received.size() == much.size(); }));
    EXPECT_EQ(upstream->received, much);
    EXPECT_EQ(client->received, much);
}

TEST_F(TcpRelayTest, ASilentTunnelEndsAfterItsIdleTimeout) {
    join();
    run_for(50s);
    client->send("?");
    run_for(50s);
    upstream->send("!");
    run_for(59s);
    EXPECT_EQ(host.closed, 0);
    run_for(2s);
    EXPECT_EQ(host.closed, 1);
    EXPECT_TRUE(client->is_over() && upstream->is_over());
}

TEST_F(TcpRelayTest, AReaderThatStandsStillIsIdleToo) {
    join();
    upstream->stop_reading();
    client->send(std::string(8'000'000, 'm'));
    run_for(70s);
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, AResetOfOneSideEndsTheOther) {
    join();
    client->reset();
    settle();
    EXPECT_TRUE(upstream->is_over());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, AResetOfTheBackendWithBytesUnderWayEndsTheClient) {
    join();
    upstream->stop_reading();
    client->send(std::string(1'000'000, 'm'));
    settle();
    upstream->reset();
    settle();
    EXPECT_TRUE(client->is_over());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, WithOneSideLostFirstTheOtherIsClosedWhenItComes) {
    drop(host.accepted[0]);
    host.ends().on_client_lost();
    EXPECT_EQ(host.closed, 0);
    release_upstream("for nobody");
    settle();
    EXPECT_TRUE(upstream->is_over());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, WithOneSideLostLastTheOtherIsClosed) {
    release_client("for nobody");
    settle();
    EXPECT_FALSE(client->is_over());
    drop(host.accepted[1]);
    host.ends().on_upstream_lost();
    settle();
    EXPECT_TRUE(client->is_over());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, BothSidesMayBeLost) {
    drop(host.accepted[0]);
    drop(host.accepted[1]);
    host.ends().on_upstream_lost();
    host.ends().on_client_lost();
    settle();
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, ASideThatIsNotReleasedInTimeIsNotWaitedForButClosedWhenItComes) {
    release_upstream();
    run_for(11s);
    EXPECT_TRUE(upstream->is_over());
    EXPECT_EQ(host.closed, 0);
    release_client("too late");
    settle();
    EXPECT_TRUE(client->is_over());
    EXPECT_EQ(host.closed, 1);
}

TEST_F(TcpRelayTest, ClosesAtOnceWhenToldTo) {
    join();
    upstream->stop_reading();
    client->send(std::string(1'000'000, 'm'));
    settle();
    host.relay->begin_close();
    settle();
    EXPECT_EQ(host.closed, 1);
}

}  // namespace
}  // namespace ringway::shards
