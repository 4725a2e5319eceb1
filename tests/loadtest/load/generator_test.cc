// The load generator in a simulated network, against a server that a test plays.

#include "loadtest/load/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nX-Backend: 2\r\nContent-Length: 4\r\n\r\nABCD";

core::Address address(std::string_view text) {
    return core::Address::parse(text).value();
}

// A generator as a machine of the network.
class LoadHost final : public sim::SimHost {
public:
    LoadHost(sim::SimNet& net, const LoadOptions& options, LoadStage& stage)
        : io_(net, {.host = address("10.0.0.1:1")}),
          generator_(
              {.load = options, .io = io_, .stage = stage, .connections = options.connections}) {}

    sim::SimIo& io() override { return io_; }
    void tick() override { generator_.tick(); }
    bool is_finished() const { return generator_.is_finished(); }

private:
    sim::SimIo io_;
    LoadGenerator generator_;
};

class LoadGeneratorTest : public testing::Test {
public:
    LoadGeneratorTest() {
        options.target = address("10.0.0.2:80");
        options.connections = 4;
        options.duration = seconds(1);
        options.requests = {LoadRequest{}};
        options.requests[0].head = "GET / HTTP/1.1\r\n\r\n";
        server.listen(options.target);
        bench.world.add(server);
    }
    ~LoadGeneratorTest() override {
        EXPECT_TRUE(bench.until([this] { return server.finish(); }));
    }

    // What is played at each connection that has asked; true when that one was served.
    virtual bool serve(tests::SimPeer& peer) {
        peer.send(answer);
        return true;
    }

    void serve_all() {
        for (std::size_t i = 0; i < server.peers.size(); i++) {
            tests::SimPeer& peer = *server.peers[i];
            const std::size_t end = peer.received.find("\r\n\r\n");
            if (end != std::string::npos && serve(peer)) {
                note_number(peer.received);
                peer.received.erase(0, end + 4);
                asked[i]++;
            }
        }
    }

    void note_number(std::string_view request) {
        constexpr std::string_view field = "X-Request-Number: ";
        const std::size_t at = request.find(field);
        if (at == request.npos) return;
        numbers.push_back(std::stoull(std::string{request.substr(at + field.size(), 10)}));
        std::ranges::sort(numbers);
    }

    // Runs the load to its end.
    void run() {
        LoadHost& load = host.emplace(bench.net, options, stage);
        bench.world.add(load);
        ASSERT_TRUE(bench.until([&] {
            serve_all();
            if (meanwhile != nullptr) meanwhile(*this);
            return load.is_finished();
        }));
        stage.collect(tally);
        EXPECT_EQ(load.io().in_flight(), 0U);
        EXPECT_EQ(load.io().open_descriptors(), 0U);
        EXPECT_EQ(tally.sent, tally.answered + tally.mistakes_total() + tally.unfinished);
        EXPECT_EQ(tally.latency.count(), tally.answered);
    }

    core::Duration since_start() const { return bench.clock.now().time_since_epoch(); }

    tests::SimBench bench;
    tests::RawHost server{bench.net, "10.0.0.2:1"};
    LoadOptions options;
    LoadStage stage{1};
    LoadTally tally;
    std::map<std::size_t, std::uint64_t> asked;  // By connection, in the order they came.
    std::vector<std::uint64_t> numbers;          // Of the requests that were served, in order.
    void (*meanwhile)(LoadGeneratorTest& test) = nullptr;
    std::optional<LoadHost> host;
};

TEST_F(LoadGeneratorTest, AClosedLoopAsksAgainAsSoonAsItWasAnswered) {
    run();
    EXPECT_GT(tally.answered, 100U);
    EXPECT_EQ(tally.sent, tally.answered);
    ASSERT_EQ(asked.size(), 4U);
    for (const auto& [connection, count] : asked) EXPECT_GT(count, tally.sent / 8) << connection;
    EXPECT_EQ(tally.connects, 4U);
    EXPECT_EQ(stage.settled(), 4U);
    EXPECT_TRUE(tally.by_backend.empty());
}

TEST_F(LoadGeneratorTest, AnswersAreCountedByWhatTheHeaderSaysThatWasAskedFor) {
    options.requests[0].expected.backend_header = "x-backend";
    run();
    ASSERT_EQ(tally.by_backend.size(), 1U);
    EXPECT_EQ(tally.by_backend["2"], tally.answered);
}

TEST_F(LoadGeneratorTest, AnAnswerWithoutThatHeaderIsAMistake) {
    options.requests[0].expected.backend_header = "x-other";
    options.duration = milliseconds(100);
    run();
    EXPECT_GT(tally.sent, 0U);
    EXPECT_EQ(tally.mistakes[std::size_t(Mistake::unnamed)], tally.sent);
}

TEST_F(LoadGeneratorTest, ThinkTimeComesBetweenAnAnswerAndTheNextRequest) {
    options.requests[0].think = {.kind = Delay::Kind::fixed, .low = milliseconds(100)};
    run();
    for (const auto& [connection, count] : asked) {
        EXPECT_GE(count, 8U) << connection;
        EXPECT_LE(count, 10U) << connection;
    }
}

TEST_F(LoadGeneratorTest, KindsOfRequestsAreDrawnByTheirWeights) {
    options.duration = seconds(20);
    options.connections = 1;
    options.requests.push_back(options.requests[0]);
    options.requests[0].weight = 9;
    // The rare kind is refused, and so it is seen.
    options.requests[1].expected.status = 404;
    run();
    const auto rare = static_cast<double>(tally.mistakes[std::size_t(Mistake::status)]);
    EXPECT_NEAR(rare / static_cast<double>(tally.sent), 0.1, 0.03);
}

TEST_F(LoadGeneratorTest, AnOpenLoopSendsAtItsRateWhateverTheConnections) {
    options.rate = 200;
    options.connections = 40;
    run();
    EXPECT_EQ(tally.sent, 200U);
    // Each in its turn: none is preferred.
    ASSERT_EQ(asked.size(), 40U);
    for (const auto& [connection, count] : asked) EXPECT_EQ(count, 5U) << connection;
    EXPECT_LT(tally.lateness.largest(), milliseconds(1));
}

TEST_F(LoadGeneratorTest, PoissonArrivalsComeAtTheirRate) {
    options.rate = 100;
    options.arrivals = ArrivalKind::poisson;
    run();
    // Its deviation is 10.
    EXPECT_GT(tally.sent, 60U);
    EXPECT_LT(tally.sent, 140U);
}

class StallingServer : public LoadGeneratorTest {
protected:
    // Says nothing between half a second and one and a half after the beginning.
    bool serve(tests::SimPeer& peer) override {
        const auto begin = stage.begins_at();
        const core::Duration age = begin ? bench.clock.now() - *begin : core::Duration{0};
        if (age > milliseconds(500) && age < milliseconds(1'500)) return false;
        peer.send(answer);
        return true;
    }
    void stall() {
        options.duration = seconds(2);
        options.grace = seconds(10);
        run();
        EXPECT_EQ(tally.mistakes_total(), 0U);
    }
};

// 400 requests are meant to leave in two seconds, 200 of them while the server is silent; these
// wait between 0 and 1 s, most of them for a connection. Nobody who only measures what was sent
// would know: four requests were slow.
TEST_F(StallingServer, AnOpenLoopCountsWhatWaitedForAConnection) {
    options.rate = 200;
    stall();
    EXPECT_EQ(tally.sent + tally.unsent, 400U);
    EXPECT_EQ(tally.answered, tally.sent);
    const auto waited = [this](double part) {
        return std::chrono::duration<double>(tally.latency.quantile(part)).count();
    };
    EXPECT_LT(waited(0.25), 0.1);
    EXPECT_NEAR(waited(0.75), 0.5, 0.1);
    EXPECT_NEAR(waited(1), 1, 0.2);
}

TEST_F(StallingServer, AClosedLoopCountsOneSlowRequestPerConnection) {
    stall();
    EXPECT_LT(tally.latency.quantile(0.99), milliseconds(50));
    EXPECT_GT(tally.latency.largest(), milliseconds(900));
}

TEST_F(LoadGeneratorTest, HeldConnectionsAreAskedOnceAndStay) {
    options.connections = 40;
    options.active = 0.25;
    options.rate = 100;
    run();
    std::size_t held = 0;
    for (const auto& [connection, count] : asked) held += count == 1 ? 1 : 0;
    EXPECT_EQ(asked.size(), 40U);
    EXPECT_EQ(held, 30U);
    EXPECT_EQ(tally.sent, 100U);
    EXPECT_EQ(tally.held_lost, 0U);
}

TEST_F(LoadGeneratorTest, HeldConnectionsThatTheServerEndsAreCounted) {
    options.connections = 10;
    options.active = 0.1;
    options.rate = 10;
    meanwhile = [](LoadGeneratorTest& test) {
        const auto begin = test.stage.begins_at();
        if (!begin || test.bench.clock.now() < *begin + milliseconds(500)) return;
        for (std::size_t i = 0; i < test.server.peers.size(); i++) {
            if (test.asked[i] == 1) test.server.peers[i]->end();
        }
        test.meanwhile = nullptr;
    };
    run();
    EXPECT_EQ(tally.held_lost, 9U);
    EXPECT_EQ(tally.mistakes_total(), 0U);
}

TEST_F(LoadGeneratorTest, ARequestHasANumberThatNoOtherHas) {
    options.connections = 2;
    options.first_number = 100;
    options.duration = milliseconds(100);
    add_number(options.requests[0]);
    run();
    ASSERT_GT(tally.sent, 10U);
    ASSERT_EQ(numbers.size(), tally.sent);
    std::uint64_t wanted = 100;
    for (const std::uint64_t number : numbers) EXPECT_EQ(number, wanted++);
}

TEST_F(LoadGeneratorTest, WhoIsStoppedHasAskedAllThatWasDue) {
    options.rate = 20'000;
    options.duration = std::chrono::hours(10);
    options.connections = 100;
    meanwhile = [](LoadGeneratorTest& test) {
        if (test.since_start() > seconds(1)) test.stage.stop();
    };
    run();
    EXPECT_GT(tally.sent, 1'000U);
    EXPECT_EQ(tally.unsent, 0U);
}

TEST_F(LoadGeneratorTest, WhatGoesWrongBeforeItBeginsIsToldApart) {
    options.warm_up = seconds(1);
    options.requests[0].expected.status = 404;
    meanwhile = [](LoadGeneratorTest& test) {
        const auto begin = test.stage.begins_at();
        if (begin && test.bench.clock.now() > *begin + milliseconds(500)) test.stage.stop();
    };
    run();
    EXPECT_GT(tally.early[std::size_t(Mistake::status)], 0U);
    EXPECT_EQ(tally.mistakes_total(), 0U);
    EXPECT_EQ(tally.sent, 0U);
    EXPECT_EQ(tally.measured, core::Duration{0});
}

class EndingServer : public LoadGeneratorTest {
protected:
    bool serve(tests::SimPeer& peer) override {
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        peer.end();
        return true;
    }
};

TEST_F(EndingServer, AConnectionThatTheServerEndsIsMadeAnew) {
    options.duration = milliseconds(100);
    run();
    EXPECT_GT(tally.answered, 100U);
    EXPECT_EQ(tally.mistakes_total(), 0U);
    EXPECT_EQ(asked.size(), tally.answered);
    EXPECT_GE(tally.connects, tally.answered);
}

TEST_F(EndingServer, AConnectionPerRequestIsOnePerRequest) {
    options.keeps_alive = false;
    options.rate = 100;
    run();
    EXPECT_EQ(tally.sent, 100U);
    EXPECT_EQ(tally.connects, 100U);
    EXPECT_EQ(tally.mistakes_total(), 0U);
}

class SilentServer : public LoadGeneratorTest {
protected:
    bool serve(tests::SimPeer&) override { return false; }
};

TEST_F(SilentServer, ARequestThatIsNotAnsweredInTimeIsATimeout) {
    options.timeout = milliseconds(100);
    options.grace = seconds(1);
    run();
    EXPECT_EQ(tally.answered, 0U);
    EXPECT_EQ(tally.mistakes[std::size_t(Mistake::timeout)], tally.sent);
    // Each connection tries again ten times a second.
    EXPECT_NEAR(static_cast<double>(tally.sent), 40, 4);
}

TEST_F(SilentServer, WhatIsOnItsWayWhenWeGiveUpIsUnfinished) {
    options.grace = milliseconds(100);
    run();
    EXPECT_EQ(tally.unfinished, 4U);
    EXPECT_EQ(tally.sent, 4U);
}

TEST_F(SilentServer, StoppingEndsALoadThatHasHoursToGo) {
    options.duration = std::chrono::hours(10);
    options.timeout = std::chrono::hours(1);
    meanwhile = [](LoadGeneratorTest& test) {
        if (test.since_start() > seconds(3)) test.stage.stop();
    };
    run();
    EXPECT_LT(since_start(), seconds(10));
    EXPECT_EQ(tally.unfinished, 4U);
}

TEST_F(LoadGeneratorTest, WhereNobodyListensTheLoadEndsAllTheSame) {
    options.target = address("10.0.0.9:80");
    options.ramp_max = seconds(2);
    run();
    EXPECT_EQ(tally.sent, 0U);
    EXPECT_GT(tally.connects_failed, 4U);
}

// Whatever the network does, each request is accounted for and each descriptor closed: `run`
// expects it.
class Chaos : public LoadGeneratorTest, public testing::WithParamInterface<std::uint64_t> {
protected:
    bool serve(tests::SimPeer& peer) override {
        constexpr std::string_view answers[]{
            answer,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nABC\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nAB",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nAB",
            "no answer at all\r\n\r\n",
            "",
        };
        peer.send(answers[prng_.uniform(std::size(answers))]);
        if (prng_.chance(0.1)) peer.end();
        if (prng_.chance(0.1)) peer.reset();
        return true;
    }

private:
    core::Prng prng_{GetParam()};
};

TEST_P(Chaos, EverythingIsAccountedForAndClosed) {
    core::Prng prng{GetParam()};
    bench.faults = sim::SimFaults{GetParam()};
    bench.faults.draw_swarm();
    options.connections = 2 + static_cast<std::uint32_t>(prng.uniform(20));
    options.keeps_alive = prng.chance(0.7);
    options.active = options.keeps_alive && prng.chance(0.3) ? 0.5 : 1;
    options.rate = prng.chance(0.5) ? 200 : 0;
    options.duration = milliseconds(200);
    options.timeout = milliseconds(200);
    options.ramp_max = seconds(1);
    LoadRequest& request = options.requests[0];
    request.body_bytes = prng.chance(0.3) ? 100'000 : 0;
    if (prng.chance(0.2)) request.drip = {.bytes = 9, .interval = milliseconds(1)};
    if (prng.chance(0.2)) request.slow_read = milliseconds(1);
    run();
    EXPECT_GT(tally.connects + tally.connects_failed, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace ringway::loadtest
