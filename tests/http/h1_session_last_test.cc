// The last answer of a connection and the end behind it: one segment, and never the one without the
// other.
#include <string>

#include "http/h1_session.h"
#include "tests/http/session_fixture.h"

namespace ringway::http {
namespace {

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

}  // namespace
}  // namespace ringway::http
