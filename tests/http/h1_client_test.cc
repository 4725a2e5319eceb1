#include "http/h1_client.h"

#include "tests/http/client_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using core::Retry;
using fakes::ClientTest;
using fakes::Heard;
using namespace std::chrono_literals;

class H1ClientTest : public ClientTest {};

// --- Requests and their responses
// -----------------------------------------------------------------

TEST_F(H1ClientTest, ARequestGoesOutAndItsResponseComesBackOnAConnectionThatIsKept) {
    H1Client& client = connect();
    for (int i = 1; i <= 3; i++) {
        Heard heard;
        get(client, heard);
        settle();
        EXPECT_EQ(backend().received, "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
        backend().received.clear();
        backend().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        settle();
        EXPECT_EQ(heard.statuses, std::vector{200});
        EXPECT_EQ(heard.body, "hello");
        EXPECT_TRUE(heard.ended);
        EXPECT_EQ(client.state(), H1Client::State::idle);
        EXPECT_EQ(host.idle, i);
    }
    EXPECT_EQ(far.peers.size(), 1U);
}

TEST_F(H1ClientTest, AnIdleClientHoldsNoBuffer) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    settle();
    EXPECT_EQ(host.small.free_count(), host.small.count());
    EXPECT_EQ(host.io().pool(core::Pool::upstream).free_count(),
              host.io().pool(core::Pool::upstream).count());
}

constexpr std::string_view any_response =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: v\r\n\r\n";

TEST_F(H1ClientTest, AResponseCutAtAnyByteIsTheSameResponse) {
    H1Client& client = connect();
    for (std::size_t cut = 1; cut < any_response.size(); cut++) {
        Heard heard;
        get(client, heard);
        run_for(2ms);
        backend().send(any_response.substr(0, cut));
        run_for(2ms);
        EXPECT_FALSE(heard.is_over());
        backend().send(any_response.substr(cut));
        run_for(2ms);
        ASSERT_TRUE(heard.ended) << "cut at " << cut;
        EXPECT_EQ(heard.statuses, (std::vector{103, 200}));
        EXPECT_EQ(heard.body, "hello world");
        EXPECT_EQ(heard.trailers, "T: v\r\n");
        ASSERT_EQ(client.state(), H1Client::State::idle);
    }
}

TEST_F(H1ClientTest, TrailersOfAChunkedRequestGoOutBehindItsLastChunk) {
    H1Client& client = connect();
    for (const bool is_chunked : {true, false}) {
        Heard heard;
        backend().received.clear();
        client.begin_exchange(heard);
        const tests::ParsedRequest head = tests::parse_request(
            fmt::format("POST / HTTP/1.1\r\nHost: b\r\n{}\r\n\r\n",
                        is_chunked ? "Transfer-Encoding: chunked" : "Content-Length: 3"));
        client.send_head(head.head, {});
        client.send_body(bytes("abc"));
        client.send_trailers(bytes("Sum: 1\r\n"));
        client.end_request();
        settle();
        EXPECT_TRUE(backend().received.ends_with(
            is_chunked ? "\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n" : "\r\n\r\nabc"))
            << backend().received;
        backend().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        settle();
        EXPECT_TRUE(heard.ended);
    }
}

TEST_F(H1ClientTest, AChunkedRequestIsChunkedAnew) {
    H1Client& client = connect();
    Heard heard;
    send(client, heard, "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
         "hello world");
    settle();
    EXPECT_TRUE(backend().received.ends_with("\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"));
    backend().send("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    EXPECT_TRUE(heard.ended);
}

TEST_F(H1ClientTest, ResponsesThatHaveNoBodyEndWithTheirHead) {
    H1Client& client = connect();
    for (const char* response : {"HTTP/1.1 204 No Content\r\n\r\n",
                                 "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
        Heard heard;
        get(client, heard);
        settle();
        backend().send(response);
        settle();
        EXPECT_TRUE(heard.ended) << response;
        EXPECT_EQ(client.state(), H1Client::State::idle) << response;
    }
    Heard heard;
    send(client, heard, "HEAD / HTTP/1.1\r\nHost: b\r\n\r\n");
    settle();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
    settle();
    EXPECT_TRUE(heard.ended);
}

TEST_F(H1ClientTest, ABodyThatEndsWithItsConnectionEndsTheConnection) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    backend().send("HTTP/1.1 200 OK\r\n\r\nhello");
    settle();
    EXPECT_FALSE(heard.is_over());
    backend().end();
    settle();
    EXPECT_TRUE(heard.ended);
    EXPECT_EQ(heard.body, "hello");
    EXPECT_EQ(host.idle, 0);
    EXPECT_EQ(host.closed, 1);
}

TEST_F(H1ClientTest, ABackendThatSaysCloseIsNotUsedAgain) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    settle();
    EXPECT_TRUE(heard.ended);
    EXPECT_EQ(host.idle, 0);
    EXPECT_EQ(host.closed, 1);
}

// What is left of the request would stand where the next one should begin.
TEST_F(H1ClientTest, AnAnswerBeforeTheRequestIsWholeEndsTheConnection) {
    H1Client& client = connect();
    Heard heard;
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 100\r\n\r\n");
    client.send_head(head.head, {});
    client.send_body(bytes("abc"));
    client.flush();
    settle();
    backend().send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    settle();
    EXPECT_TRUE(heard.ended);
    EXPECT_EQ(host.idle, 0);
    EXPECT_EQ(host.closed, 1);
}

TEST_F(H1ClientTest, ABodyIsReadAsFarAsItIsGranted) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    const std::string body(1'000'000, 'b');
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + body);
    settle();
    const std::size_t buffer = host.io().bulk_pool().options().bytes_each;
    EXPECT_GE(heard.body.size(), body_window_bytes);
    EXPECT_LE(heard.body.size(), body_window_bytes + buffer);
    while (!heard.ended) {
        const std::size_t before = heard.body.size();
        client.allow(30'000);
        settle();
        ASSERT_GT(heard.body.size(), before);
        ASSERT_LE(heard.body.size(), before + 30'000 + buffer);
    }
    EXPECT_EQ(heard.body, body);
    EXPECT_EQ(client.state(), H1Client::State::idle);
}

// --- Nothing that was not asked for becomes an answer
// ---------------------------------------------

TEST_F(H1ClientTest, BytesOnAnIdleConnectionEndIt) {
    connect();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    EXPECT_EQ(host.closed, 1);
}

TEST_F(H1ClientTest, BytesBehindAResponseEndTheConnectionAndBelongToNobody) {
    for (const std::string response :
         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}) {
        H1Client& client = connect();
        const int closed = host.closed;
        Heard heard;
        Heard next;
        host.next_sink = &next;
        get(client, heard);
        settle();
        backend().send(response + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        settle();
        EXPECT_TRUE(heard.ended);
        EXPECT_EQ(heard.body.find("evil"), std::string::npos);
        EXPECT_TRUE(next.statuses.empty());
        EXPECT_EQ(host.closed, closed + 1);
    }
    EXPECT_EQ(host.idle, 0);
    host.next_sink = nullptr;
}

// What arrived before the request can have left is no answer to it. The one who lends is another
// connection's handler, earlier in the same tick.
TEST_F(H1ClientTest, BytesOfTheTickInWhichARequestBeginsAreNotItsAnswer) {
    struct Lender final : Heard {
        Lender(fakes::ClientHost& owner, H1Client& idle, Heard& next)
            : host(owner), lent(idle), heard(next) {}
        void on_response_end() override {
            Heard::on_response_end();
            lent.begin_exchange(heard);
            lent.allow(body_window_bytes);
            host.send_next(lent);
        }
        fakes::ClientHost& host;
        H1Client& lent;
        Heard& heard;
    };
    H1Client& lent = connect();
    tests::SimPeer& evil = backend();
    H1Client& first = connect();
    Heard heard;
    Lender lender{host, lent, heard};
    get(first, lender);
    settle();
    // Both arrive while the host does not run, and are delivered in one tick, in this order.
    host.is_stalled = true;
    backend().send("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    evil.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    host.is_stalled = false;
    settle();
    ASSERT_TRUE(lender.ended);
    EXPECT_TRUE(heard.statuses.empty());
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.retry, Retry::yes);
}

// The same, but the pool is dry when they come: they wait in the socket, and the request leaves.
TEST_F(H1ClientTest, BytesThatHadToWaitForABufferAreNoAnswerToWhatCameAfterThem) {
    struct Lender final : Heard {
        Lender(fakes::ClientHost& owner, H1Client& idle, Heard& next)
            : host(owner), lent(idle), heard(next) {}
        void on_response_end() override {
            Heard::on_response_end();
            lent.begin_exchange(heard);
            host.send_next(lent);
        }
        fakes::ClientHost& host;
        H1Client& lent;
        Heard& heard;
    };
    H1Client& lent = connect();
    tests::SimPeer& evil = backend();
    H1Client& first = connect();
    Heard heard;
    Lender lender{host, lent, heard};
    get(first, lender);
    settle();
    std::vector<core::Buffer> taken;
    core::BufferPool& pool = host.io().pool(core::Pool::upstream);
    while (core::Buffer buffer = pool.try_take()) taken.push_back(std::move(buffer));
    taken.pop_back();  // For the response that comes first.
    host.is_stalled = true;
    backend().send("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    evil.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    host.is_stalled = false;
    settle();
    ASSERT_TRUE(lender.ended);
    EXPECT_NE(evil.received, "");
    taken.clear();
    wake();
    settle();
    EXPECT_TRUE(heard.statuses.empty());
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.retry, Retry::if_reused);
}

// They are in the socket when the response ends, and only the receive that ended it knows.
TEST_F(H1ClientTest, BytesLeftInTheSocketBehindAResponseEndTheConnection) {
    const std::size_t room = host.io().pool(core::Pool::upstream).try_take().back_room().size();
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    std::string response = "HTTP/1.1 200 OK\r\nContent-Length: ";
    const std::size_t body = room - response.size() - 8;  // Four digits and the end of the head.
    response += std::to_string(body) + "\r\n\r\n" + std::string(body, 'b');
    ASSERT_EQ(response.size(), room);
    host.is_stalled = true;
    backend().send(response + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    host.is_stalled = false;
    settle();
    EXPECT_TRUE(heard.ended);
    EXPECT_EQ(heard.body, std::string(body, 'b'));
    EXPECT_EQ(host.idle, 0);
    EXPECT_EQ(host.closed, 1);
}

// The end of a response was kept while nobody took it; what came behind it is in the socket.
TEST_F(H1ClientTest, BytesBehindAResponseWhoseEndWasKeptBelongToNobody) {
    H1Client& client = connect();
    Heard before;
    get(client, before);
    settle();
    backend().send("HTTP/1.1 204 No Content\r\n\r\n");
    settle();
    ASSERT_TRUE(before.ended);
    Heard heard;
    Heard next;
    get(client, heard);
    client.allow(1);
    wake();
    settle();
    host.is_stalled = true;
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    settle();
    backend().send("k");
    settle();
    host.is_stalled = false;
    settle();
    ASSERT_EQ(heard.body, "o");
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    host.next_sink = &next;
    wake();
    client.allow(body_window_bytes);
    wake();
    settle();
    EXPECT_TRUE(heard.ended);
    EXPECT_EQ(heard.body, "ok");
    EXPECT_EQ(next.body, "") << "an answer nobody asked for";
    EXPECT_TRUE(next.statuses.empty());
    EXPECT_EQ(host.idle, 1);
    host.next_sink = nullptr;
}

TEST_F(H1ClientTest, A101ThatNobodyAskedForIsMalformed) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    backend().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    settle();
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::malformed);
    EXPECT_TRUE(heard.statuses.empty());
}

TEST_F(H1ClientTest, ALongHeadBeforeALongBodyIsAHead) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    host.is_stalled = true;  // So that all of it waits in the socket.
    backend().send("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') +
                   "\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'b'));
    settle();
    host.is_stalled = false;
    settle();
    EXPECT_FALSE(heard.failed);
    EXPECT_EQ(heard.statuses, std::vector{200});
    EXPECT_EQ(heard.body.size(), 60'000U);
}

TEST_F(H1ClientTest, InterimAnswersWithoutEndAreNoAnswer) {
    const auto answered_after = [this](int interims) {
        H1Client& client = connect();
        auto heard = std::make_unique<Heard>();
        get(client, *heard);
        settle();
        for (int i = 0; i < interims; i++) backend().send("HTTP/1.1 102 Processing\r\n\r\n");
        backend().send("HTTP/1.1 204 No Content\r\n\r\n");
        settle();
        return heard;
    };
    EXPECT_TRUE(answered_after(32)->ended);
    const auto flooded = answered_after(33);
    EXPECT_TRUE(flooded->failed);
    EXPECT_EQ(flooded->error.code, core::Errc::over_limit);
    EXPECT_EQ(flooded->error.retry, core::Retry::never);
    EXPECT_EQ(flooded->statuses.size(), 32U);
}

TEST_F(H1ClientTest, AnAnswerThatIsNotHttpIsMalformedAndNotRetried) {
    for (const char* answer : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2oo OK\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"}) {
        H1Client& client = connect();
        Heard heard;
        get(client, heard);
        settle();
        backend().send(answer);
        settle();
        EXPECT_TRUE(heard.failed) << answer;
        EXPECT_EQ(heard.error.code, Errc::malformed) << answer;
        EXPECT_EQ(heard.error.retry, Retry::never) << answer;
    }
}

// --- Memory that is not there
// ---------------------------------------------------------------------

}  // namespace
}  // namespace ringway::http
