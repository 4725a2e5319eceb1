// What happens in a whole shard when some hold its memory: the others are served all the same.
#include <vector>

#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using tests::SimPeer;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class DryPools : public ShardTest {
protected:
    DryPools() { config.limits.connections = 1'000; }

    // More than the simulated pools hold, at a whole window each.
    static constexpr std::size_t few_holders = 32;
    // More than they hold at the least.
    static constexpr std::size_t holders = 300;
    const std::string megabyte = std::string(1'000'000, 'x');

    // Clients that ask for a megabyte and do not read it.
    void hold(std::size_t count) {
        const std::size_t before = backend.peers.size();
        for (std::size_t i = 0; i < count; i++) connect(get).stop_reading();
        ASSERT_TRUE(until([&] { return backend.peers.size() == before + count; }));
        for (std::size_t i = 0; i < count; i++) {
            backend.peers[before + i]->send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" +
                                            megabyte);
        }
        settle();
    }

    bool is_answered_within(SimPeer& client, core::Duration time) {
        const std::size_t peers = backend.peers.size();
        const core::Instant end = clock.now() + time;
        bool is_sent = false;
        while (clock.now() < end && client.received.empty()) {
            run_for(100ms);
            if (is_sent || backend.peers.size() == peers) continue;
            asked().send(ok);
            is_sent = true;
        }
        return client.received.starts_with("HTTP/1.1 200");
    }
};

TEST_F(DryPools, EachClientThatDoesNotReadHoldsLessTheMoreThereAre) {
    start();
    for (std::size_t i = 0; i < few_holders; i++) hold(1);
    EXPECT_FALSE(host->io().pool(core::Pool::upstream).has_waiters());
    EXPECT_TRUE(is_answered_within(connect(get), 200ms));
    EXPECT_EQ(host->shard.http_counters().client_timeouts.value(), 0U);
}

TEST_F(DryPools, ClientsThatDoNotReadDoNotStopTheAnswersOfOthers) {
    start();
    hold(holders);
    ASSERT_TRUE(host->io().pool(core::Pool::upstream).has_waiters());
    EXPECT_TRUE(is_answered_within(connect(get), 5s));
    EXPECT_GT(host->shard.http_counters().client_timeouts.value(), 0U);
}

TEST_F(DryPools, AClientThatReadsWhileMemoryIsShortIsNotCut) {
    start();
    SimPeer& reader = connect(get);
    ASSERT_TRUE(until([&] { return backend.peers.size() == 1; }));
    SimPeer& giver = asked();
    giver.send("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n");
    hold(holders);
    for (int i = 0; i < 4; i++) giver.send(megabyte);
    EXPECT_TRUE(until([&] { return reader.received.size() > 4'000'000; }));
    EXPECT_FALSE(reader.is_over());
}

TEST_F(DryPools, BackendsThatDoNotReadDoNotStopTheRequestsOfOthers) {
    start();
    const core::Instant begin = clock.now();
    for (std::size_t i = 0; i < holders; i++) {
        connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + megabyte);
    }
    // From some on they are not even read before there is room again.
    ASSERT_TRUE(until([&] {
        for (const auto& peer : backend.peers) peer->stop_reading();
        return host->io().pool(core::Pool::client).has_waiters();
    }));
    EXPECT_TRUE(is_answered_within(connect(get), 5s));
    EXPECT_LT(clock.now() - begin, config.groups.front().timeout.first_byte);
}

}  // namespace
}  // namespace ringway::shards
