#include "http/h1_session.h"

#include <fmt/format.h>

#include "tests/http/session_fixture.h"

namespace ringway::http {
namespace {

using fakes::SessionTest;
using fakes::SimPeer;
using namespace std::chrono_literals;

class H1SessionTest : public SessionTest {};

std::string ok(std::string_view body, std::string_view field = "") {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), field,
                       body);
}

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view get_b = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view post_c = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view put_d =
    "PUT /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";

std::string all_requests() {
    return std::string(get_a) + std::string(post_c) + std::string(put_d) + std::string(get_b);
}
std::string all_answers() {
    return ok("/a ") + ok("/c hello") + ok("/d abcde") + ok("/b ");
}

// --- Requests, one after the other
// ----------------------------------------------------------------

TEST_F(H1SessionTest, ARequestIsAnsweredAndTheConnectionKept) {
    SimPeer& client = connect(get_a);
    settle();
    EXPECT_EQ(client.received, ok("/a "));
    EXPECT_FALSE(client.is_over());
    client.send(get_b);
    settle();
    EXPECT_EQ(client.received, ok("/a ") + ok("/b "));
    EXPECT_EQ(host.counters.requests.value(), 2U);
}

TEST_F(H1SessionTest, PipelinedRequestsAreAnsweredInTheirOrder) {
    EXPECT_EQ(exchange(all_requests()), all_answers());
}

TEST_F(H1SessionTest, AThousandPipelinedRequestsNeedNoMoreThanOneBufferOfWaiting) {
    host.settings.pipelined_max = 1'001;
    std::string asked;
    std::string answered;
    for (int i = 0; i < 1'000; i++) {
        asked += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
        answered += ok(fmt::format("/{} ", i));
    }
    EXPECT_EQ(exchange(asked), answered);
}

TEST_F(H1SessionTest, OnlySoManyRequestsAreAnsweredThatDidNotWaitForAnAnswer) {
    host.settings.pipelined_max = 3;
    SimPeer& client = connect();
    for (int i = 0; i < 5; i++) client.send(get_a);
    settle();
    EXPECT_EQ(host.requests.size(), 3U);
    EXPECT_EQ(client.received, ok("/a ") + ok("/a ") +
                                   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                                   "Connection: close\r\n\r\n/a ");
    EXPECT_TRUE(client.has_ended());
    EXPECT_EQ(host.counters.pipelined_over_limit.value(), 1U);
}

TEST_F(H1SessionTest, OurOwnAnswerToTheLastPipelinedRequestSaysCloseToo) {
    host.settings.pipelined_max = 2;
    host.refuse_with = Reason::no_route;
    const std::string received = exchange(std::string(get_a) + std::string(get_a));
    EXPECT_EQ(received.find("Connection: close"), received.rfind("Connection: close"));
    EXPECT_GT(received.find("Connection: close"), received.rfind("HTTP/1.1 404"));
    EXPECT_NE(received.find("Connection: close"), received.npos);
}

TEST_F(H1SessionTest, AClientThatWaitsForItsAnswersMayAskForever) {
    host.settings.pipelined_max = 3;
    SimPeer& client = connect();
    for (int i = 0; i < 10; i++) {
        client.send(std::string(get_a) + std::string(get_b));
        settle();
    }
    EXPECT_EQ(host.requests.size(), 20U);
    EXPECT_FALSE(client.is_over());
    EXPECT_EQ(host.counters.pipelined_over_limit.value(), 0U);
}

// What an idle client costs: 10,000 of them are measured with it.
TEST_F(H1SessionTest, IsSmall) {
    EXPECT_LE(sizeof(H1Session), 368U);
}

TEST_F(H1SessionTest, PipelinedRequestsWaitUntilTheOneBeforeThemIsAnswered) {
    host.echoes = false;
    SimPeer& client = connect(std::string(get_a) + std::string(get_b));
    settle();
    ASSERT_EQ(host.requests.size(), 1U);
    EXPECT_EQ(host.requests[0]->target, "/a");
    host.requests[0]->answer("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    ASSERT_EQ(host.requests.size(), 2U);
    EXPECT_EQ(host.requests[1]->target, "/b");
    EXPECT_EQ(client.received, "HTTP/1.1 204 No Content\r\n\r\n");
    host.requests[1]->answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "b");
    settle();
    EXPECT_EQ(client.received, "HTTP/1.1 204 No Content\r\n\r\n" + ok("b"));
}

TEST_F(H1SessionTest, AClientThatAsksOnWithoutReadingIsNotAnsweredOn) {
    host.echoes = false;
    constexpr std::size_t requests = 40;
    constexpr std::size_t answer_bytes = 50'000;
    std::string asked;
    for (std::size_t i = 0; i < requests; i++) asked += get_a;
    SimPeer& client = connect();
    client.stop_reading();
    client.send(asked);
    const auto answer_all = [&] {
        for (std::size_t i = 0; i < host.requests.size(); i++) {
            if (host.requests[i]->is_over) continue;
            host.requests[i]->answer("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n",
                                     std::string(answer_bytes, 'x'));
        }
    };
    for (std::size_t i = 0; i < requests; i++) {
        settle();
        answer_all();
    }
    // What the network takes is taken; of the rest two answers at most are kept here.
    EXPECT_LT(host.requests.size(), 20U);
    client.read_on();
    EXPECT_TRUE(until([&] {
        answer_all();
        return client.received.size() > requests * answer_bytes;
    }));
    EXPECT_EQ(host.requests.size(), requests);
    EXPECT_FALSE(client.is_over());
}

TEST_F(H1SessionTest, RequestsCutAtAnyByteAreTheSameRequests) {
    const std::string asked = all_requests();
    for (std::size_t cut = 1; cut < asked.size(); cut++) {
        SimPeer& client = connect(std::string_view(asked).substr(0, cut));
        run_for(2ms);
        client.send(std::string_view(asked).substr(cut));
        run_for(5ms);
        ASSERT_EQ(client.received, all_answers()) << "cut at " << cut;
        client.close();
    }
}

TEST_F(H1SessionTest, RequestsThatComeByteByByteAreTheSameRequests) {
    SimPeer& client = connect();
    for (const char byte : all_requests()) {
        client.send({&byte, 1});
        run_for(1ms);
    }
    settle();
    EXPECT_EQ(client.received, all_answers());
}

TEST_F(H1SessionTest, EmptyLinesBeforeARequestAreSkipped) {
    EXPECT_EQ(exchange("\r\n\r\n" + std::string(get_a)), ok("/a "));
}

// A hundred clients that each send one byte must not hold what others need to receive.
TEST_F(H1SessionTest, AHeadThatDripsHoldsNoReceiveBuffer) {
    std::vector<SimPeer*> clients;
    for (int i = 0; i < 50; i++) clients.push_back(&connect("G"));
    settle();
    EXPECT_EQ(host.io().pool(core::Pool::client).free_count(),
              host.io().pool(core::Pool::client).count());
    EXPECT_EQ(host.small.free_count(), host.small.count() - 50);
    for (SimPeer* client : clients) client->send(get_a.substr(1));
    settle();
    for (SimPeer* client : clients) EXPECT_EQ(client->received, ok("/a "));
}

TEST_F(H1SessionTest, AnIdleConnectionHoldsNoBuffer) {
    exchange(all_requests());
    EXPECT_EQ(host.sessions.size(), 1U);
    EXPECT_EQ(host.small.free_count(), host.small.count());
    EXPECT_EQ(host.large.free_count(), host.large.count());
    EXPECT_EQ(host.io().pool(core::Pool::client).free_count(),
              host.io().pool(core::Pool::client).count());
}

// --- Who keeps a connection
// -----------------------------------------------------------------------

struct KeepAliveRule {
    const char* request;
    bool is_kept;
    const char* says;  // Connection, in the answer.
};

TEST_F(H1SessionTest, TheVersionAndTheClientSayWhetherTheConnectionIsKept) {
    const KeepAliveRule rules[] = {
        {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", true, ""},
        {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", true, ""},
        {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false, "Connection: close\r\n"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Foo, CLOSE\r\n\r\n", false,
         "Connection: close\r\n"},
        {"GET /a HTTP/1.0\r\n\r\n", false, "Connection: close\r\n"},
        {"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, "Connection: keep-alive\r\n"},
        {"GET /a HTTP/1.0\r\nConnection: close\r\n\r\n", false, "Connection: close\r\n"},
    };
    for (const KeepAliveRule& rule : rules) {
        SimPeer& client = connect(rule.request);
        settle();
        EXPECT_EQ(client.received, ok("/a ", rule.says)) << rule.request;
        EXPECT_EQ(client.is_over(), !rule.is_kept) << rule.request;
        EXPECT_EQ(client.error(), 0) << rule.request;
    }
}

TEST_F(H1SessionTest, NothingBehindALastRequestIsARequest) {
    const std::string last = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    SimPeer& client = connect(last + std::string(get_b));
    settle();
    EXPECT_EQ(client.received, ok("/a ", "Connection: close\r\n"));
    EXPECT_EQ(host.requests.size(), 1U);
}

TEST_F(H1SessionTest, ADrainedConnectionEndsBehindItsAnswerAndSaysSo) {
    host.echoes = false;
    SimPeer& client = connect(get_a);
    settle();
    host.sessions[0]->begin_drain();
    settle();
    EXPECT_FALSE(client.is_over());
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "a");
    settle();
    EXPECT_EQ(client.received, ok("a", "Connection: close\r\n"));
    EXPECT_TRUE(client.has_ended());
}

// --- Answers
// --------------------------------------------------------------------------------------

TEST_F(H1SessionTest, AnAnswerFromWithinTheQuestionIsTheSameAnswer) {
    host.refuse_with = Reason::no_route;
    const std::string answer =
        "HTTP/1.1 404 Not Found\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
        "Content-Type: text/plain\r\nContent-Length: 24\r\n"
        "X-Ringway-Reason: no_route\r\n\r\n404 Not Found: no_route\n";
    EXPECT_EQ(exchange(std::string(get_a) + std::string(get_b)), answer + answer);
}

TEST_F(H1SessionTest, AnAnswerBeforeTheBodyEndsTheConnectionBehindIt) {
    host.refuse_with = Reason::no_route;
    SimPeer& client = connect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
    settle();
    EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.has_ended());
    client.send(std::string(50'000, 'x') + std::string(get_b));
    settle();
    EXPECT_EQ(client.error(), 0) << "a reset would have taken the answer with it";
    run_for(5s);
    EXPECT_EQ(host.sessions.size(), 0U);
    EXPECT_EQ(host.counters.requests.value(), 1U);
}

TEST_F(H1SessionTest, AHeadRequestIsAnsweredWithoutItsBody) {
    const std::string asked = "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(get_b);
    EXPECT_EQ(exchange(asked), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + ok("/b "));
}

TEST_F(H1SessionTest, InterimAnswersGoToClientsThatKnowThem) {
    host.echoes = false;
    for (const bool knows : {true, false}) {
        SimPeer& client = connect(knows ? "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                                        : "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        settle();
        host.requests.back()->answer("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "", false);
        settle();
        EXPECT_EQ(client.received, knows ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : "");
        host.requests.back()->answer("HTTP/1.1 204 No Content\r\n\r\n");
        settle();
        EXPECT_TRUE(client.received.ends_with(
            knows ? "HTTP/1.1 204 No Content\r\n\r\n"
                  : "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"));
    }
}

// A body whose end nobody announced: chunks for those who know them.
TEST_F(H1SessionTest, ABodyWithoutLengthIsFramedForItsClient) {
    host.echoes = false;
    for (const char* head :
         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
        SimPeer& newer = connect(get_a);
        settle();
        host.requests.back()->answer(head, "hello", false);
        settle();
        host.requests.back()->send_body("world!");
        host.requests.back()->finish();
        settle();
        EXPECT_EQ(newer.received,
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n");
        EXPECT_FALSE(newer.is_over());

        SimPeer& older = connect("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        settle();
        host.requests.back()->answer(head, "hello");
        settle();
        EXPECT_EQ(older.received, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
        EXPECT_TRUE(older.has_ended());
    }
}

TEST_F(H1SessionTest, AHeadRequestForAChunkedBodyGetsNoChunk) {
    host.echoes = false;
    SimPeer& client = connect("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(get_b));
    settle();
    host.requests[0]->answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    settle();
    EXPECT_TRUE(client.received.ends_with("\r\n\r\n"));
    EXPECT_EQ(client.received.find("0\r\n\r\n"), std::string::npos);
    ASSERT_EQ(host.requests.size(), 2U);
    host.requests[1]->answer("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
}

}  // namespace
}  // namespace ringway::http
