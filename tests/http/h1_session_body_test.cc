// Bodies through a session: back-pressure both ways, and clients that wait to be told to send.
#include <fmt/format.h>

#include "http/h1_session.h"
#include "tests/http/session_fixture.h"

namespace ringway::http {
namespace {

using fakes::SessionTest;
using fakes::SimPeer;

class H1SessionBody : public SessionTest {};

constexpr std::string_view expecting =
    "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

TEST_F(H1SessionBody, NoMoreOfABodyIsReadThanWasGranted) {
    host.echoes = false;
    host.grants = false;
    constexpr std::size_t length = 1'000'000;
    const std::string body(length, 'b');
    SimPeer& client = connect(
        fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", length, body));
    settle();
    ASSERT_EQ(host.requests.size(), 1U);
    fakes::Recorded& request = *host.requests[0];
    const std::size_t buffer = host.io().bulk_pool().options().bytes_each;
    EXPECT_LE(request.body.size(), buffer);
    EXPECT_FALSE(client.has_sent_all());
    std::size_t granted = request.body.size();
    while (!request.has_ended) {
        const std::size_t before = request.body.size();
        request.client().grant(20'000);
        granted += 20'000;
        settle();
        ASSERT_GT(request.body.size(), before);
        // What is granted bounds the receives begun, the last of which may bring a whole buffer.
        EXPECT_LE(request.body.size(), granted + buffer);
        granted = std::max(granted, request.body.size());
    }
    EXPECT_EQ(request.body, body);
    request.answer("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(H1SessionBody, AnAnswerThatIsNotReadIsNotDrained) {
    host.echoes = false;
    SimPeer& client = connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.stop_reading();
    settle();
    fakes::Recorded& request = *host.requests[0];
    const std::string body(400'000, 'b');
    request.answer("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n", body, false);
    settle();
    EXPECT_EQ(request.drained, 0);
    EXPECT_GT(request.client().backlog(), 0U);
    client.read_on();
    settle();
    EXPECT_EQ(request.drained, 1);
    EXPECT_EQ(request.client().backlog(), 0U);
    request.finish();
    settle();
    EXPECT_TRUE(client.received.ends_with(body));
}

TEST_F(H1SessionBody, AClientThatExpectsToBeToldIsToldAndThenHeard) {
    host.echoes = false;
    SimPeer& client = connect(expecting);
    settle();
    ASSERT_EQ(host.requests.size(), 1U);
    EXPECT_EQ(host.requests[0]->pauses, 1);
    host.requests[0]->answer("HTTP/1.1 100 Continue\r\n\r\n", "", false);
    settle();
    EXPECT_EQ(client.received, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    settle();
    EXPECT_EQ(host.requests[0]->body, "hello");
    EXPECT_TRUE(host.requests[0]->has_ended);
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.ends_with("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_FALSE(client.is_over());
}

TEST_F(H1SessionBody, AClientThatExpectsToBeToldMaySendWithoutBeingTold) {
    SimPeer& client = connect(std::string(expecting) + "hello");
    settle();
    EXPECT_EQ(client.received, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n/p hello");
    EXPECT_FALSE(client.is_over());
}

// Whether the refused body still comes is the client's choice: what follows is in doubt.
TEST_F(H1SessionBody, AClientThatIsToldNoLosesItsConnectionBehindTheAnswer) {
    host.echoes = false;
    SimPeer& client = connect(expecting);
    settle();
    host.requests[0]->answer("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(client.has_ended());
    client.send("GET /evil HTTP/1.1\r\nHost: x\r\n\r\n");
    settle();
    EXPECT_EQ(host.requests.size(), 1U);
}

// More than any buffer for waiting bytes holds, right behind a body that came in bulk.
TEST_F(H1SessionBody, RequestsBehindALargeBodyAreAnswered) {
    host.settings.pipelined_max = 65'535;
    constexpr std::size_t length = 300'000;
    constexpr std::size_t followers = 4'000;
    std::string sent = fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                                   length, std::string(length, 'b'));
    for (std::size_t i = 0; i < followers; i++) sent += "GET /f HTTP/1.1\r\nHost: x\r\n\r\n";
    SimPeer& client = connect(sent);
    EXPECT_TRUE(until([&] { return host.requests.size() == followers + 1 || client.is_over(); }));
    settle();
    EXPECT_EQ(host.requests.size(), followers + 1);
    EXPECT_TRUE(host.requests.back()->is_over);
    EXPECT_FALSE(client.is_over());
}

TEST_F(H1SessionBody, AnEmptyBodyIsABody) {
    EXPECT_EQ(exchange("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
                       "POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "0\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n/p "
              "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n/q ");
}

}  // namespace
}  // namespace ringway::http
