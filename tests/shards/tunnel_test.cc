// From a request that asks for another protocol to the tunnel, through a whole shard.
#include <array>

#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using tests::SimPeer;

constexpr std::string_view ask =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view agreed =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

// What the sender's and the receiver's kernel of a simulated connection hold.
constexpr std::size_t sim_kernel_bytes = 131'072;

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

class Tunnel : public ShardTest {
protected:
    // A tunnel between the two.
    void open() {
        start();
        client = &connect(ask);
        settle();
        asked().send(agreed);
        settle();
        EXPECT_EQ(host->shard.tunnel_count(), 1U);
        ASSERT_TRUE(client->received.ends_with("\r\n\r\n"));
        client->received.clear();
        asked().received.clear();
    }
    SimPeer* client = nullptr;
};

TEST_F(Tunnel, BeginsWithA101) {
    start();
    client = &connect(ask);
    settle();
    EXPECT_TRUE(has(asked().received, "Connection: upgrade\r\n")) << asked().received;
    EXPECT_TRUE(has(asked().received, "Upgrade: websocket\r\n")) << asked().received;
    EXPECT_EQ(host->shard.tunnel_count(), 0U);
    asked().send(agreed);
    settle();
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 101 ")) << client->received;
    EXPECT_TRUE(has(client->received, "Upgrade: websocket\r\n")) << client->received;
    EXPECT_EQ(host->shard.tunnel_count(), 1U);
    EXPECT_EQ(host->shard.client_count(), 1U);
    EXPECT_EQ(host->shard.upstreams().in_flight({0}), 1U);
}

TEST_F(Tunnel, CarriesBytesBothWaysAndEnds) {
    open();
    client->send("\x81\x02hi");
    asked().send("\x81\x03you");
    settle();
    EXPECT_EQ(asked().received, "\x81\x02hi");
    EXPECT_EQ(client->received, "\x81\x03you");
    client->end();
    settle();
    EXPECT_TRUE(asked().has_ended());
    asked().end();
    settle();
    EXPECT_TRUE(client->has_ended());
    EXPECT_EQ(host->shard.tunnel_count(), 0U);
    EXPECT_EQ(host->shard.client_count(), 0U);
    EXPECT_EQ(host->shard.upstreams().in_flight({0}), 0U);
}

TEST_F(Tunnel, BytesBehindThe101AreItsFirst) {
    start();
    client = &connect(ask);
    settle();
    asked().send(std::string(agreed) + "first ");
    asked().send("second");
    settle();
    EXPECT_TRUE(client->received.ends_with("\r\n\r\nfirst second")) << client->received;
}

TEST_F(Tunnel, WhatTheClientSendsBeforeThe101IsHeldUntilThen) {
    start();
    client = &connect(std::string(ask) + "early ");
    settle();
    client->send("and earlier than the answer");
    settle();
    EXPECT_TRUE(asked().received.ends_with("\r\n\r\n")) << asked().received;
    asked().received.clear();
    asked().send(agreed);
    settle();
    EXPECT_EQ(asked().received, "early and earlier than the answer");
}

// The 101 waits behind an answer that the client has not read, and its next bytes come meanwhile.
TEST_F(Tunnel, WhatTheClientSendsWhileThe101IsOnItsWayIsHeldToo) {
    start();
    client = &far.connect(address);
    settle();
    client->stop_reading();
    client->send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    // More than the two kernels between us hold, less than that and the window of an exchange.
    const std::string body(sim_kernel_bytes + 30'000, 'b');
    asked().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                 body);
    settle();
    client->send(ask);
    settle();
    asked().received.clear();
    asked().send(agreed);
    settle();
    EXPECT_EQ(host->shard.tunnel_count(), 1U);
    client->send("one ");
    settle();
    client->send("two ");
    settle();
    EXPECT_EQ(asked().received, "");
    client->read_on();
    settle();
    client->send("three");
    settle();
    EXPECT_EQ(asked().received, "one two three");
    EXPECT_TRUE(client->received.ends_with("Upgrade: websocket\r\n\r\n"));
}

// The client's bytes and the 101 cross each other at every distance.
TEST_F(Tunnel, NoByteIsLostWhileTheProtocolChanges) {
    start();
    for (int step = 0; step < 200; step++) {
        SimPeer& one = connect(ask);
        settle();
        SimPeer& other = asked();
        other.received.clear();
        other.send(std::string(agreed) + "a");
        for (int i = 0; i < 30; i++) {
            run_for(step * 5us);
            one.send("c");
            other.send("u");
        }
        settle();
        EXPECT_EQ(other.received, std::string(30, 'c')) << "at step " << step;
        EXPECT_TRUE(one.received.ends_with("\r\n\r\na" + std::string(30, 'u'))) << one.received;
        one.end();
        other.end();
        settle();
    }
}

TEST_F(Tunnel, EndsAfterTheIdleTimeoutOfItsGroup) {
    config.groups.front().timeout.tunnel_idle = 20s;
    open();
    run_for(15s);
    client->send("x");
    run_for(15s);
    EXPECT_EQ(host->shard.tunnel_count(), 1U);
    run_for(6s);
    EXPECT_EQ(host->shard.tunnel_count(), 0U);
    EXPECT_TRUE(client->is_over());
}

TEST_F(Tunnel, SurvivesTheTimeoutsOfHttp) {
    open();
    run_for(10min);
    client->send("x");
    settle();
    EXPECT_EQ(asked().received, "x");
}

// A tunnel is the client's and the backend's: nobody can tell them that it should end.
TEST_F(Tunnel, LivesOnWhileTheShardShutsDownUntilItIsToldToEnd) {
    open();
    host->shard.begin_shutdown();
    run_for(25s);
    client->send("x");
    settle();
    EXPECT_EQ(asked().received, "x");
    EXPECT_FALSE(host->shard.is_finished());
    host->shard.end_now();
    settle();
    EXPECT_TRUE(host->shard.is_finished());
    EXPECT_TRUE(client->is_over());
}

TEST_F(Tunnel, TheShardFinishesWhenTheLastOneEnds) {
    open();
    host->shard.begin_shutdown();
    settle();
    client->end();
    asked().end();
    settle();
    EXPECT_TRUE(host->shard.is_finished());
}

TEST_F(Tunnel, AProtocolThatTheGroupListsIsOneToo) {
    config.groups.front().upgrades = {"TLS/1.0"};
    start();
    client =
        &connect("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: tls/1.0\r\n\r\n");
    settle();
    asked().send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: TLS/1.0\r\n\r\n");
    settle();
    EXPECT_EQ(host->shard.tunnel_count(), 1U);
}

// The field is stripped and what is left is an ordinary request.
TEST_F(Tunnel, OtherProtocolsAreNotAskedFor) {
    start();
    for (const std::string_view fields :
         {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
          "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n",
          "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
          "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n", "Upgrade: websocket\r\n"}) {
        SimPeer& one = connect("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
        settle();
        SimPeer& other = asked();
        EXPECT_FALSE(has(other.received, "pgrade:")) << other.received;
        EXPECT_FALSE(has(other.received, "onnection:")) << other.received;
        EXPECT_FALSE(has(other.received, "HTTP2-Settings:")) << other.received;
        other.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        settle();
        EXPECT_TRUE(one.received.starts_with("HTTP/1.1 200 OK")) << one.received;
        EXPECT_EQ(host->shard.tunnel_count(), 0U);
    }
}

TEST_F(Tunnel, AClientOfHttp10AsksForNone) {
    start();
    connect("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    settle();
    EXPECT_FALSE(has(asked().received, "Upgrade:")) << asked().received;
}

TEST_F(Tunnel, AnAnswerThatNamesAnotherProtocolIsRefused) {
    start();
    for (const std::string_view fields :
         {"Connection: upgrade\r\nUpgrade: h2c\r\n", "Connection: upgrade\r\n",
          "Upgrade: websocket\r\n", "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n", ""}) {
        SimPeer& one = connect(ask);
        settle();
        asked().send("HTTP/1.1 101 Switching Protocols\r\n" + std::string(fields) +
                     "\r\nGET /smuggled HTTP/1.1\r\n\r\n");
        settle();
        EXPECT_TRUE(one.received.starts_with("HTTP/1.1 502 ")) << one.received;
        EXPECT_TRUE(has(one.received, "upstream_malformed")) << one.received;
        EXPECT_FALSE(has(one.received, "smuggled"));
        EXPECT_TRUE(asked().is_over());
        EXPECT_EQ(host->shard.tunnel_count(), 0U);
    }
}

TEST_F(Tunnel, A101ThatNobodyAskedForIsRefused) {
    start();
    client = &connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    asked().send(agreed);
    settle();
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 502 ")) << client->received;
    EXPECT_EQ(host->shard.tunnel_count(), 0U);
}

TEST_F(Tunnel, ARequestWithABodyIsRefused) {
    start();
    for (const std::string_view body :
         {"Content-Length: 1\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
        client =
            &connect("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
                     std::string(body));
        settle();
        EXPECT_TRUE(client->received.starts_with("HTTP/1.1 400 ")) << client->received;
        EXPECT_TRUE(has(client->received, "upgrade_with_body")) << client->received;
    }
    EXPECT_EQ(backend.peers.size(), 0U);
    // Its end is where the head's is.
    connect(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Content-Length: 0\r\n\r\n");
    settle();
    EXPECT_EQ(backend.peers.size(), 1U);
}

TEST_F(Tunnel, ABackendThatDeclinesIsAnOrdinaryBackend) {
    start();
    client = &connect(ask);
    settle();
    asked().send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
    settle();
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 426 ")) << client->received;
    client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    EXPECT_EQ(backend.peers.size(), 1U);  // Both connections live on.
    EXPECT_TRUE(has(asked().received, "GET / HTTP/1.1\r\n")) << asked().received;
}

}  // namespace
}  // namespace ringway::shards
