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

constexpr std::string_view with_trailers =
    "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\nSum: 1\r\nGrpc-Status: 0\r\n\r\n";

TEST_F(H1SessionBody, TrailersReachTheSinkWholeHoweverTheyWereCut) {
    const std::string next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string sent = std::string(with_trailers) + next;
    for (std::size_t cut = 1; cut < sent.size(); cut++) {
        SimPeer& client = connect(sent.substr(0, cut));
        settle();
        client.send(sent.substr(cut));
        settle();
        ASSERT_EQ(host.requests.size(), 2 * cut) << cut;
        const fakes::Recorded& request = *host.requests[2 * cut - 2];
        EXPECT_EQ(request.body, "abc") << cut;
        EXPECT_EQ(request.trailers, "Sum: 1\r\nGrpc-Status: 0\r\n") << cut;
        EXPECT_EQ(host.requests.back()->target, "/next") << cut;
        EXPECT_EQ(host.requests.back()->trailers, "") << cut;
        client.end();
        settle();
    }
}

TEST_F(H1SessionBody, TrailersInSingleBytesTakeOneSmallBuffer) {
    const std::size_t chunks = with_trailers.find("3\r\n");
    const std::size_t beginning = with_trailers.find("Grpc");
    SimPeer& client = connect(with_trailers.substr(0, chunks));
    for (const char byte : with_trailers.substr(chunks, beginning - chunks)) {
        client.send(std::string(1, byte));
        settle();
    }
    EXPECT_EQ(host.small.free_count(), host.small.count() - 1);
    EXPECT_EQ(host.large.free_count(), host.large.count());
    client.send(with_trailers.substr(beginning));
    settle();
    ASSERT_EQ(host.requests.size(), 1U);
    EXPECT_EQ(host.requests[0]->trailers, "Sum: 1\r\nGrpc-Status: 0\r\n");
}

// A request whose sink is done with it before its end: what came behind its body is no head.
TEST_F(H1SessionBody, TrailersOfARequestThatWasAnsweredMeanwhileAreForgotten) {
    host.echoes = false;
    SimPeer& client = connect(with_trailers.substr(0, with_trailers.find("Grpc")));
    settle();
    ASSERT_EQ(host.requests.size(), 1U);
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    client.send(with_trailers.substr(with_trailers.find("Grpc")));
    settle();
    EXPECT_EQ(client.received, "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(host.counters.requests_refused.value(), 0U);
}

TEST_F(H1SessionBody, TrailersAreNotKeptWhereTheyAreNotPassedOn) {
    host.settings.forwarding.trailers = false;
    exchange(with_trailers);
    ASSERT_EQ(host.requests.size(), 1U);
    EXPECT_EQ(host.requests[0]->body, "abc");
    EXPECT_EQ(host.requests[0]->trailers, "");
}

TEST_F(H1SessionBody, TrailersOfAnAnswerGoOutBehindItsLastChunk) {
    host.echoes = false;
    SimPeer& client = connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "abc", false);
    host.requests[0]->send_trailers("Sum: 1\r\n");
    host.requests[0]->finish();
    settle();
    EXPECT_TRUE(client.received.ends_with("\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n"));
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    settle();
    EXPECT_EQ(host.requests.size(), 2U);
    host.requests[1]->answer("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(H1SessionBody, TrailersOfAnAnswerHaveNoPlaceBehindALengthOrWithoutChunks) {
    host.echoes = false;
    SimPeer& client = connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc", false);
    host.requests[0]->send_trailers("Sum: 1\r\n");
    host.requests[0]->finish();
    SimPeer& old = connect("GET / HTTP/1.0\r\n\r\n");
    settle();
    host.requests[1]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "abc", false);
    host.requests[1]->send_trailers("Sum: 1\r\n");
    host.requests[1]->finish();
    settle();
    EXPECT_TRUE(client.received.ends_with("\r\n\r\nabc")) << client.received;
    EXPECT_TRUE(old.received.ends_with("\r\n\r\nabc")) << old.received;
}

}  // namespace
}  // namespace ringway::http
