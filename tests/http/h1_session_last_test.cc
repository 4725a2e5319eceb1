// The last answer of a connection and the end behind it: one segment, and never the one without the
// other.
#include <string>

#include "http/h1_session.h"
#include "tests/http/session_fixture.h"

namespace ringway::http {
namespace {

using namespace std::chrono_literals;
using fakes::SessionTest;
using fakes::SimPeer;

class H1SessionLast : public SessionTest {};

TEST_F(H1SessionLast, ALastAnswerIsNotLostToBytesThatWereLeftInTheSocket) {
    const std::string fields = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const std::size_t received_at_once = 8'192 - 512;  // A client buffer of this Io.
    const std::string path(received_at_once - 4 - fields.size(), '/');
    SimPeer& client = connect("GET " + path + fields + std::string(5'000, 'x'));
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(client.error(), 0);
}

TEST_F(H1SessionLast, ALastAnswerLeavesTogetherWithTheEnd) {
    host.refuse_with = Reason::no_route;
    SimPeer& client = connect("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(host.sessions.size(), 0U);
    EXPECT_EQ(faults.struck_total(sim::Fault::send_held), 1U);
}

TEST_F(H1SessionLast, ARefusalLeavesTogetherWithTheEndBeforeItLingers) {
    SimPeer& client = connect("GET  / HTTP/1.1\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(faults.struck_total(sim::Fault::send_held), 1U);
    EXPECT_EQ(host.sessions.size(), 1U);
}

TEST_F(H1SessionLast, ALastAnswerOfManyBuffersIsWhole) {
    host.echoes = false;
    SimPeer& client = connect("GET /a HTTP/1.0\r\n\r\n");
    settle();
    const std::string body(150'000, 'b');
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 150000\r\n\r\n", body);
    settle();
    EXPECT_TRUE(client.received.ends_with("\r\n\r\n" + body));
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(host.sessions.size(), 0U);
}

TEST_F(H1SessionLast, WhoIsWithinABodyMayPauseForSecondsBeforeTheAnswerIsRead) {
    host.echoes = false;
    SimPeer& client = connect("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    settle();
    host.requests[0]->answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n", "no");
    for (int i = 0; i < 5; i++) {
        client.send(std::string(10'000, 'x'));
        run_for(4s);
        ASSERT_EQ(host.sessions.size(), 1U) << i;
        ASSERT_EQ(client.error(), 0);
    }
    EXPECT_TRUE(client.received.ends_with("\r\n\r\nno"));
    run_for(2s);
    EXPECT_EQ(host.sessions.size(), 0U);
}

TEST_F(H1SessionLast, WhoHasSentAllIsNotWaitedForSoLong) {
    SimPeer& client = connect("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    settle();
    host.sessions[0]->begin_drain();
    host.io().waker().wake();  // Its timer was armed from outside of the loop.
    run_for(600ms);
    ASSERT_TRUE(client.has_ended());
    ASSERT_EQ(host.sessions.size(), 1U);
    run_for(1s);
    EXPECT_EQ(host.sessions.size(), 0U);
}

}  // namespace
}  // namespace ringway::http
