// How sessions end: refusals and what the client gets to see of them, time-outs, memory that is not
// there, clients that go away at any byte.
#include <fmt/format.h>

#include "http/h1_session.h"
#include "tests/http/session_fixture.h"

namespace ringway::http {
namespace {

using fakes::SessionTest;
using fakes::SimPeer;
using namespace std::chrono_literals;

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view answer_a = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n/a ";

class H1SessionEnd : public SessionTest {
protected:
    // Takes every buffer that heads and chunks could be written to.
    void dry_pools() {
        while (core::Buffer buffer = host.small.try_take()) taken_.push_back(std::move(buffer));
        while (core::Buffer buffer = host.large.try_take()) taken_.push_back(std::move(buffer));
    }
    void wet_pools() { taken_.clear(); }
    void TearDown() override {
        wet_pools();
        SessionTest::TearDown();
    }

private:
    std::vector<core::Buffer> taken_;
};

// --- Refusals
// -------------------------------------------------------------------------------------

TEST_F(H1SessionEnd, ARefusalSaysWhyAndEndsTheConnectionWithoutAReset) {
    SimPeer& client = connect("GET /a HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.starts_with(
        "HTTP/1.1 400 Bad Request\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
        "Content-Type: text/plain\r\nContent-Length: 32\r\n"
        "X-Ringway-Reason: bad_field_name\r\nX-Request-Id: "))
        << client.received;
    EXPECT_TRUE(
        client.received.ends_with("\r\nConnection: close\r\n\r\n400 Bad Request: bad_field_name\n"))
        << client.received;
    EXPECT_EQ(host.counters.of(Reason::bad_field_name).value(), 1U);
    EXPECT_TRUE(client.has_ended());
    // It goes on sending; a close now would reset the connection, and the answer be lost.
    client.send(std::string(100'000, 'x'));
    settle();
    EXPECT_EQ(client.error(), 0);
    EXPECT_EQ(host.sessions.size(), 1U);
    run_for(6s);
    EXPECT_EQ(host.sessions.size(), 0U);
    EXPECT_EQ(host.counters.requests.value(), 0U);
    EXPECT_EQ(host.counters.requests_refused.value(), 1U);
}

TEST_F(H1SessionEnd, WhatCameBeforeARefusedRequestIsAnswered) {
    SimPeer& client = connect(std::string(get_a) + "G@T / HTTP/1.1\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.starts_with(std::string(answer_a) + "HTTP/1.1 400 "));
    EXPECT_TRUE(client.has_ended());
}

TEST_F(H1SessionEnd, ABodyThatBreaksItsFramingIsRefusedAndItsSinkTold) {
    host.echoes = false;
    SimPeer& client = connect(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\nzz\r\n" +
        std::string(get_a));
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    ASSERT_EQ(host.requests.size(), 1U) << "what follows is no request";
    EXPECT_TRUE(host.requests[0]->is_gone);
    EXPECT_EQ(host.requests[0]->why_gone, core::Errc::malformed);
}

TEST_F(H1SessionEnd, ABodyThatBreaksItsFramingBehindAnAnswerCutsTheAnswer) {
    host.echoes = false;
    SimPeer& client =
        connect("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "part", false);
    client.send("zz\r\n");
    settle();
    EXPECT_TRUE(client.received.ends_with("\r\n\r\npart"));
    EXPECT_TRUE(client.is_over());
    EXPECT_TRUE(host.requests[0]->is_gone);
}

TEST_F(H1SessionEnd, AHeadOverItsLimitIsRefusedBeforeItIsWhole) {
    SimPeer& client = connect("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(40'000, 'a'));
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(client.has_ended());
}

// --- A last answer reaches its client
// -------------------------------------------------------------

TEST_F(H1SessionEnd, ALastAnswerIsNotLostToBytesThatNobodyWillRead) {
    SimPeer& client = connect("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" +
                              std::string(200'000, 'x'));
    settle();
    EXPECT_TRUE(client.received.ends_with("/a "));
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(client.error(), 0);
    run_for(6s);
    EXPECT_EQ(host.sessions.size(), 0U);
}

TEST_F(H1SessionEnd, ADrainedIdleConnectionMayStillAskOnce) {
    SimPeer& client = connect(get_a);
    settle();
    host.sessions[0]->begin_drain();
    client.send(std::string(get_a) + std::string(get_a));
    settle();
    EXPECT_EQ(client.received, std::string(answer_a) +
                                   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                                   "Connection: close\r\n\r\n/a ");
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(host.requests.size(), 2U);
}

TEST_F(H1SessionEnd, ADrainedIdleConnectionThatStaysSilentEndsSoon) {
    SimPeer& client = connect(get_a);
    settle();
    host.io().waker().wake();
    run_for(1ms);
    host.sessions[0]->begin_drain();
    host.io().waker().wake();
    run_for(400ms);
    EXPECT_FALSE(client.is_over());
    run_for(200ms);
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(client.error(), 0);
    EXPECT_EQ(client.received, answer_a);
}

TEST_F(H1SessionEnd, ADrainLeavesALongAnswerWhole) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    client.stop_reading();
    settle();
    const std::string body(400'000, 'b');
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n", body);
    host.sessions[0]->begin_drain();
    settle();
    EXPECT_FALSE(client.is_over());
    client.read_on();
    settle();
    EXPECT_TRUE(client.received.ends_with(body));
    EXPECT_TRUE(client.has_ended());
}

// --- Time-outs
// ------------------------------------------------------------------------------------

TEST_F(H1SessionEnd, AConnectionThatSaysNothingIsEndedInSilence) {
    SimPeer& client = connect();
    run_for(host.settings.client.header_timeout - 100ms);
    EXPECT_FALSE(client.is_over());
    run_for(200ms);
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(client.received, "");
}

TEST_F(H1SessionEnd, AHeadHasItsTimeHoweverSlowlyItDrips) {
    SimPeer& client = connect();
    const core::Instant start = clock.now();
    for (char byte = 'A'; !client.is_over(); byte = 'A') {
        client.send({&byte, 1});
        run_for(500ms);
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_LT(clock.now() - start, host.settings.client.header_timeout + 1s);
    EXPECT_EQ(host.counters.client_timeouts.value(), 1U);
}

TEST_F(H1SessionEnd, AnIdleConnectionEndsAfterItsTime) {
    SimPeer& client = connect(get_a);
    run_for(host.settings.client.idle_timeout - 100ms);
    EXPECT_FALSE(client.is_over());
    run_for(200ms);
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(client.received, answer_a);
}

TEST_F(H1SessionEnd, ABodyThatStopsIsRefusedForThat) {
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    run_for(host.settings.client.body_timeout - 100ms);
    client.send("d");
    run_for(host.settings.client.body_timeout - 100ms);
    EXPECT_EQ(client.received, "");
    run_for(200ms);
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(host.requests[0]->is_gone);
}

TEST_F(H1SessionEnd, ABodyThatDripsIsRefusedForItsRate) {
    host.settings.client.rate_min = 100;
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    const core::Instant start = clock.now();
    while (!client.is_over()) {
        client.send(std::string(500, 'x'));
        run_for(10s);
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(host.requests[0]->is_gone);
    EXPECT_LT(clock.now() - start, host.settings.client.body_timeout * 2);
    EXPECT_EQ(host.counters.client_timeouts.value(), 1U);
}

TEST_F(H1SessionEnd, ABodyThatKeepsItsRateMayTakeLong) {
    host.settings.client.rate_min = 100;
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        client.send(std::string(1'500, 'x'));
        run_for(10s);
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 200 ")) << client.received;
}

// While nobody asks for it a body has no rate.
TEST_F(H1SessionEnd, TheRateOfABodyCountsFromWhenItIsAskedFor) {
    host.echoes = false;
    host.grants = false;
    host.settings.client.rate_min = 100;
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    run_for(host.settings.client.body_timeout * 3);
    host.requests[0]->client().grant(100);
    client.send("def");
    run_for(1s);
    client.send("ghi");
    settle();
    EXPECT_TRUE(host.requests[0]->has_ended);
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(H1SessionEnd, AClientThatIsAnsweredMaySendOnForAWhile) {
    host.echoes = false;
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nabc");
    settle();
    host.requests[0]->answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 40; i++) {
        client.send(std::string(10'000, 'x'));
        run_for(500ms);
    }
    EXPECT_EQ(client.error(), 0);
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 401 "));
    for (int i = 0; i < 30 && !client.is_closed() && !host.sessions.empty(); i++) {
        client.send("y");
        run_for(500ms);
    }
    EXPECT_EQ(host.sessions.size(), 0U);  // But not for ever.
}

TEST_F(H1SessionEnd, AnAnswerWithoutALengthThatIsCutIsAReset) {
    host.echoes = false;
    SimPeer& client = connect("GET /a HTTP/1.0\r\n\r\n");
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "some",
                             false);
    settle();
    EXPECT_TRUE(client.received.ends_with("some"));
    host.requests[0]->is_over = true;
    host.requests[0]->client().abort({.code = core::Errc::reset, .side = core::Side::upstream});
    settle();
    EXPECT_EQ(client.error(), ECONNRESET);
    EXPECT_FALSE(client.has_ended());
}

// All of it came from the backend, and the client leaves the last part with us.
TEST_F(H1SessionEnd, AnAnswerWithoutALengthThatIsNotTakenToItsEndIsAReset) {
    host.echoes = false;
    SimPeer& client = connect("GET /a HTTP/1.0\r\n\r\n");
    client.stop_reading();
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                             std::string(400'000, 'x'));
    settle();
    EXPECT_EQ(host.sessions[0]->state(), H1Session::State::draining);
    run_for(host.settings.client.send_timeout * 3);
    EXPECT_EQ(host.sessions.size(), 0U);
    client.read_on();
    settle();
    EXPECT_EQ(client.error(), ECONNRESET);
    EXPECT_FALSE(client.has_ended());
}

TEST_F(H1SessionEnd, AClientThatTakesTooLittleOfItsAnswerIsCut) {
    host.echoes = false;
    host.settings.client.rate_min = 1'000'000;
    SimPeer& client = connect(get_a);
    client.stop_reading();
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n",
                             std::string(400'000, 'x'), false);
    for (int i = 0; i < 100 && !host.requests[0]->is_gone; i++) {
        client.read_on();
        run_for(100us);
        client.stop_reading();
        run_for(host.settings.client.send_timeout);
    }
    EXPECT_TRUE(host.requests[0]->is_gone);
    EXPECT_EQ(host.requests[0]->why_gone, core::Errc::timed_out);
}

TEST_F(H1SessionEnd, ABodyThatNobodyAsksForIsNotLate) {
    host.echoes = false;
    host.grants = false;
    connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    run_for(host.settings.client.body_timeout * 3);
    EXPECT_FALSE(host.requests[0]->is_gone);
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(H1SessionEnd, AnAnswerMayTakeLong) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    run_for(1h);
    EXPECT_FALSE(client.is_over());
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    EXPECT_EQ(client.received, "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(H1SessionEnd, AClientThatDoesNotReadIsCut) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    client.stop_reading();
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n",
                             std::string(400'000, 'x'), false);
    run_for(host.settings.client.send_timeout * 3);
    EXPECT_TRUE(host.requests[0]->is_gone);
    EXPECT_EQ(host.requests[0]->why_gone, core::Errc::timed_out);
    EXPECT_EQ(host.sessions.size(), 0U);
}

TEST_F(H1SessionEnd, AClientThatReadsSlowlyButSteadilyIsNotCut) {
    host.echoes = false;
    host.settings.client.send_timeout = 1s;
    SimPeer& client = connect(get_a);
    client.stop_reading();
    settle();
    const std::string body(400'000, 'x');
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n", body, false);
    for (int i = 0; i < 90; i++) {
        client.read_on();
        client.stop_reading();
        run_for(450ms);
        ASSERT_FALSE(client.is_over()) << "cut after " << client.received.size() << " bytes";
    }
    client.read_on();
    settle();
    host.requests[0]->finish();
    EXPECT_TRUE(client.received.ends_with(body));
}

// --- Memory that is not there
// ---------------------------------------------------------------------

TEST_F(H1SessionEnd, AHeadInPiecesThatCannotBeKeptEndsItsConnection) {
    dry_pools();
    SimPeer& client = connect("GET /a HT");
    settle();
    EXPECT_TRUE(client.is_over());
    EXPECT_EQ(host.counters.memory_refusals.value(), 1U);
}

TEST_F(H1SessionEnd, AHeadThatCannotBeSentEndsItsConnection) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    settle();
    dry_pools();
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n", "", false);
    settle();
    EXPECT_TRUE(client.is_over());
    EXPECT_EQ(client.received, "");
    EXPECT_TRUE(host.requests[0]->is_gone);
}

// Kept open, it would hear the answer to its next request as the answer to this one.
TEST_F(H1SessionEnd, AReplyThatCannotBeMadeEndsItsConnection) {
    host.refuse_with = Reason::no_route;
    dry_pools();
    SimPeer& client = connect(get_a);
    settle();
    EXPECT_TRUE(client.is_over());
    EXPECT_EQ(client.received, "");
    EXPECT_EQ(host.sessions.size(), 0U);
}

TEST_F(H1SessionEnd, AChunkThatCannotBeFramedEndsItsConnectionAndSendsNoRawByte) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", false);
    settle();
    const std::string before = client.received;
    dry_pools();
    host.requests[0]->send_body("0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
    settle();
    EXPECT_TRUE(client.is_over());
    EXPECT_EQ(client.received, before);
    EXPECT_TRUE(host.requests[0]->is_gone);
}

// The end of the connection waits for a buffer, like all that is received.
TEST_F(H1SessionEnd, AnAnswerToABrokenConnectionEndsThoughItsEndCannotBeReceived) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    settle();
    std::vector<core::Buffer> taken;
    core::BufferPool& pool = host.io().pool(core::Pool::client);
    while (core::Buffer buffer = pool.try_take()) taken.push_back(std::move(buffer));
    client.reset();
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", false);
    settle();
    EXPECT_FALSE(host.requests[0]->is_gone);
    run_for(2 * host.settings.client.send_timeout + 1s);
    EXPECT_TRUE(host.requests[0]->is_gone);
    EXPECT_EQ(host.requests[0]->why_gone, core::Errc::reset);
}

TEST_F(H1SessionEnd, EarlyBytesThatCannotBeKeptEndTheConnection) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    settle();
    dry_pools();
    client.send(get_a);
    settle();
    EXPECT_TRUE(client.is_over());
    EXPECT_TRUE(host.requests[0]->is_gone);
}

// --- Clients that go away
// -------------------------------------------------------------------------

TEST_F(H1SessionEnd, AClientMayEndOrVanishAtAnyByteOfItsRequests) {
    const std::string asked = std::string(get_a) +
                              "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                              "PUT /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n0\r\n\r\n";
    for (const bool echoes : {true, false}) {
        host.echoes = echoes;
        for (std::size_t cut = 0; cut <= asked.size(); cut++) {
            SimPeer& ends = connect(std::string_view(asked).substr(0, cut));
            SimPeer& vanishes = connect(std::string_view(asked).substr(0, cut));
            ends.end();
            run_for(2ms);
            vanishes.reset();
            run_for(2ms);
            // With early bytes at hand nothing is read, and a client's end noticed by the answer.
            for (std::size_t i = 0; i < host.requests.size(); i++) {
                if (host.requests[i]->is_over) continue;
                host.requests[i]->answer("HTTP/1.1 204 No Content\r\n\r\n");
                run_for(2ms);
            }
            if (!echoes) run_for(6s);  // To linger for the rest of a body that was answered early.
            ASSERT_EQ(host.sessions.size(), 0U) << "cut at " << cut;
        }
    }
}

TEST_F(H1SessionEnd, AClientMayVanishAtAnyByteOfItsAnswer) {
    host.echoes = false;
    faults.set_rate(sim::Fault::segment_split, 1);
    faults.set_rate(sim::Fault::small_window, 1);
    const std::string body(300, 'b');
    for (std::size_t cut = 0; cut <= body.size(); cut++) {
        SimPeer& client = connect(get_a);
        const std::size_t before = host.requests.size();
        ASSERT_TRUE(until([&] { return host.requests.size() > before; }));
        host.requests.back()->answer("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", body, false);
        ASSERT_TRUE(until([&] { return client.received.size() >= cut; }));
        client.reset();
        ASSERT_TRUE(until([&] { return host.sessions.empty(); })) << "cut at " << cut;
        ASSERT_TRUE(host.requests.back()->is_gone);
    }
}

}  // namespace
}  // namespace ringway::http
