// How many connections a backend gets from a whole shard, or from eight, and how long they live.
#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using tests::SimPeer;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class PoolLimits : public ShardTest {
protected:
    PoolLimits() { world.add(other); }
    void TearDown() override {
        ShardTest::TearDown();
        EXPECT_TRUE(until([this] { return other.finish(); }));
    }
    http::PoolSettings& pool() { return config.groups.front().pool; }
    void answer(SimPeer& peer) {
        peer.send(ok);
        settle();
    }
    // A request and its answer, on a connection of the client's own.
    void exchange(std::string_view request = get) {
        connect(request);
        settle();
        answer(asked_last());
    }
    // The connection on which bytes came that were not looked at before.
    SimPeer& asked_last() {
        for (const auto& peer : backend.peers) {
            if (peer->received.empty()) continue;
            peer->received.clear();
            return *peer;
        }
        ADD_FAILURE() << "no backend was asked";
        return asked();
    }
    tests::RawHost other{net, "10.0.0.4:8080"};  // A second backend's machine.

    std::size_t open_at_backend() const {
        std::size_t open = 0;
        for (const auto& peer : backend.peers) open += peer->is_over() ? 0 : 1;
        return open;
    }
};

TEST_F(PoolLimits, OverTheLimitOfConnectionsIsAnswered503) {
    pool().connections = 2;
    start();
    connect(get);
    connect(get);
    settle();
    SimPeer& third = connect(get);
    settle();
    EXPECT_EQ(backend.peers.size(), 2U);
    EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 ")) << third.received;
    EXPECT_NE(third.received.find("no_backend"), third.received.npos) << third.received;
    EXPECT_EQ(host->shard.upstreams().counters().over_limit.value(), 1U);
    // A place that is given back is a place.
    answer(*backend.peers[0]);
    third.received.clear();
    third.send(get);
    settle();
    answer(*backend.peers[0]);
    EXPECT_TRUE(third.received.starts_with("HTTP/1.1 200 ")) << third.received;
    EXPECT_EQ(backend.peers.size(), 2U);
}

TEST_F(PoolLimits, ABackendThatIsFullLeavesTheRequestToAnother) {
    pool().connections = 1;
    const core::Address second = core::Address::parse("10.0.0.4:8080").value();
    other.listen(second);
    config.groups.front().backends.push_back({.address = second});
    start();
    for (int i = 0; i < 2; i++) connect(get);
    settle();
    EXPECT_EQ(backend.peers.size(), 1U);
    EXPECT_EQ(other.peers.size(), 1U);
    SimPeer& third = connect(get);
    settle();
    EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 ")) << third.received;
}

TEST_F(PoolLimits, AnIdleConnectionThatWillNotDoMakesRoom) {
    pool().connections = 1;
    start();
    exchange();
    run_for(1s);  // Too long idle for a request that must not be repeated.
    SimPeer& client = connect(post);
    settle();
    ASSERT_EQ(backend.peers.size(), 2U);
    EXPECT_EQ(open_at_backend(), 1U);
    answer(asked());
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 200 ")) << client.received;
}

TEST_F(PoolLimits, ATunnelIsAConnection) {
    pool().connections = 1;
    start();
    SimPeer& client =
        connect("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    settle();
    asked().send("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    settle();
    ASSERT_EQ(host->shard.tunnel_count(), 1U);
    SimPeer& second = connect(get);
    settle();
    EXPECT_TRUE(second.received.starts_with("HTTP/1.1 503 ")) << second.received;
    client.end();
    asked().end();
    settle();
    second.send(get);
    settle();
    EXPECT_EQ(backend.peers.size(), 2U);
}

TEST_F(PoolLimits, AConnectionIsUsedForSoManyRequests) {
    pool().requests_per_connection = 3;
    start();
    for (int i = 0; i < 7; i++) exchange();
    EXPECT_EQ(backend.peers.size(), 3U);
    EXPECT_EQ(open_at_backend(), 1U);
    EXPECT_EQ(host->shard.upstreams().counters().worn_out.value(), 2U);
}

TEST_F(PoolLimits, AConnectionIsUsedForSoLong) {
    pool().connection_age = 10s;
    start();
    for (int i = 0; i < 3; i++) {
        exchange();
        run_for(2500ms);
    }
    ASSERT_EQ(open_at_backend(), 1U);
    EXPECT_EQ(backend.peers.size(), 1U);
    run_for(2s);  // It is idle when its time comes.
    EXPECT_TRUE(backend.peers[0]->is_over());
    exchange();
    EXPECT_EQ(backend.peers.size(), 2U);
}

TEST_F(PoolLimits, AConnectionThatIsTooOldAfterItsAnswerIsNotKept) {
    pool().connection_age = 5s;
    start();
    SimPeer& client = connect(get);
    run_for(8s);
    EXPECT_FALSE(asked().is_over());
    answer(asked());
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 200 ")) << client.received;
    EXPECT_TRUE(asked().is_over());
}

TEST_F(PoolLimits, TheLimitIsThatOfAllShardsTogether) {
    pool().connections = 20;
    config.limits.connections = 1'000;
    start(8);
    for (int i = 0; i < 400; i++) connect(get);
    run_for(5s);
    // Each shard has a part, and so many clients that it needs it.
    EXPECT_EQ(open_at_backend(), 20U);
}

}  // namespace
}  // namespace ringway::shards
