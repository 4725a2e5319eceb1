// What happens in a whole shard when a backend or a client takes too long.
#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using tests::SimPeer;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Timeouts : public ShardTest {
protected:
    Timeouts() {
        http::UpstreamTimeouts& timeout = config.groups.front().timeout;
        timeout.first_byte = 10s;
        timeout.between_bytes = 10s;
    }
    bool is_answered(const SimPeer& client, std::string_view status) {
        return client.received.starts_with("HTTP/1.1 " + std::string(status));
    }
};

TEST_F(Timeouts, ATryThatTakesTooLongIsGivenToAnotherConnection) {
    config.groups.front().retry.per_try_timeout = 2s;
    start();
    SimPeer& client = connect(get);
    run_for(1900ms);
    ASSERT_EQ(backend.peers.size(), 1U);
    run_for(300ms);
    ASSERT_EQ(backend.peers.size(), 2U);
    EXPECT_TRUE(backend.peers[0]->is_over());
    // The last try has the group's time.
    run_for(9s);
    asked().send(ok);
    settle();
    EXPECT_TRUE(is_answered(client, "200")) << client.received;
    EXPECT_EQ(host->shard.http_counters().retries.value(), 1U);
}

TEST_F(Timeouts, ATryOnAPooledConnectionThatTakesTooLongCostsAnAttempt) {
    config.groups.front().retry.per_try_timeout = 2s;
    start();
    SimPeer& client = connect(get);
    settle();
    asked().send(ok);
    settle();
    client.received.clear();
    client.send(get);
    run_for(3s);
    ASSERT_EQ(backend.peers.size(), 2U);
    run_for(11s);
    EXPECT_EQ(backend.peers.size(), 2U);
    EXPECT_TRUE(is_answered(client, "504")) << client.received;
}

TEST_F(Timeouts, ARequestThatMustNotBeRepeatedHasNoTryTimeout) {
    config.groups.front().retry.per_try_timeout = 2s;
    start();
    SimPeer& client = connect(post);
    run_for(9s);
    EXPECT_EQ(backend.peers.size(), 1U);
    asked().send(ok);
    settle();
    EXPECT_TRUE(is_answered(client, "200")) << client.received;
}

TEST_F(Timeouts, ATryTimeoutEndsWithTheFirstByte) {
    config.groups.front().retry.per_try_timeout = 2s;
    start();
    SimPeer& client = connect(get);
    settle();
    asked().send("HTTP/1.1 200 OK\r\nContent-Le");
    run_for(8s);
    asked().send("ngth: 2\r\n\r\nok");
    settle();
    EXPECT_TRUE(is_answered(client, "200")) << client.received;
    EXPECT_EQ(backend.peers.size(), 1U);
}

TEST_F(Timeouts, TheTotalCoversAllTries) {
    config.groups.front().timeout.total = 3s;
    config.groups.front().retry.per_try_timeout = 2s;
    config.groups.front().retry.attempts = 5;
    start();
    SimPeer& client = connect(get);
    run_for(2900ms);
    EXPECT_EQ(backend.peers.size(), 2U);
    EXPECT_EQ(client.received, "");
    run_for(200ms);
    EXPECT_TRUE(is_answered(client, "504")) << client.received;
    EXPECT_TRUE(asked().is_over());
}

TEST_F(Timeouts, TheTotalCutsAResponseThatIsUnderWay) {
    config.groups.front().timeout.total = 3s;
    start();
    SimPeer& client = connect(get);
    settle();
    asked().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        run_for(900ms);
        asked().send("x");
    }
    settle();
    EXPECT_TRUE(is_answered(client, "200")) << client.received;
    EXPECT_TRUE(client.is_over());
    EXPECT_TRUE(asked().is_over());
}

TEST_F(Timeouts, TheTotalOfOneRequestIsNotThatOfTheNext) {
    config.groups.front().timeout.total = 3s;
    start();
    SimPeer& client = connect(get);
    for (int i = 0; i < 4; i++) {
        run_for(2s);
        client.received.clear();
        asked().send(ok);
        settle();
        EXPECT_TRUE(is_answered(client, "200")) << client.received;
        client.send(get);
        settle();
    }
}

TEST_F(Timeouts, TheTotalEndsTheWaitForAConnection) {
    config.groups.front().timeout.total = 500ms;
    config.groups.front().timeout.connect = 10s;
    backend.stop_listening();
    start();
    net.set_refusing(backend_address, false);
    SimPeer& client = connect(get);
    run_for(1s);
    EXPECT_TRUE(is_answered(client, "50")) << client.received;
}

}  // namespace
}  // namespace ringway::shards
