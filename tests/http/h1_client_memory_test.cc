// What an H1Client does when the pools are dry.
#include "http/h1_client.h"
#include "tests/http/client_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using fakes::ClientTest;
using fakes::Heard;
using namespace std::chrono_literals;

class H1ClientDry : public ClientTest {
protected:
    void dry() {
        while (core::Buffer buffer = host.small.try_take()) taken.push_back(std::move(buffer));
        while (core::Buffer buffer = host.large.try_take()) taken.push_back(std::move(buffer));
    }
    void TearDown() override {
        taken.clear();
        ClientTest::TearDown();
    }
    std::vector<core::Buffer> taken;
};

// A body whose head was lost would be read as a request: whoever wrote it would speak as us.
TEST_F(H1ClientDry, ABodyWhoseHeadHasNoRoomIsNotSent) {
    H1Client& client = connect();
    Heard heard;
    dry();
    send(client, heard, "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 29\r\n\r\n",
         "GET /evil HTTP/1.1\r\nHost: b\r\n\r\n");
    run_for(10ms);
    EXPECT_EQ(backend().received, "");
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::no_buffers);
    EXPECT_EQ(host.counters.memory_refusals.value(), 1U);
}

// It is known to be lost within the tick, but heard of with the next one.
TEST_F(H1ClientDry, ARequestThatWasNotSentHasNoAnswer) {
    H1Client& client = connect();
    Heard heard;
    dry();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    get(client, heard);
    settle();
    EXPECT_TRUE(heard.statuses.empty());
    EXPECT_TRUE(heard.failed);
}

// The head is not flushed yet when the chunk behind it finds no room for its last two bytes.
TEST_F(H1ClientDry, ARequestWhoseFirstChunkIsLostHasNoAnswer) {
    H1Client& client = connect();
    Heard heard;
    while (core::Buffer buffer = host.small.try_take()) taken.push_back(std::move(buffer));
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send_head(head.head, {});
    core::Buffer full = host.io().pool(core::Pool::client).try_take();
    full.extend(full.back_room().size());
    client.send_body(std::move(full));
    client.flush();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    EXPECT_EQ(backend().received, "");
    EXPECT_TRUE(heard.statuses.empty());
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::no_buffers);
}

TEST_F(H1ClientDry, ABodyThatIsStillToComeIsNotSentEither) {
    H1Client& client = connect();
    Heard heard;
    dry();
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 29\r\n\r\n");
    client.send_head(head.head, {});
    client.flush();
    client.send_body(bytes("GET /evil HTTP/1.1\r\nHost: b\r\n\r\n"));
    client.flush();
    run_for(10ms);
    EXPECT_EQ(backend().received, "");
    EXPECT_TRUE(heard.failed);
}

TEST_F(H1ClientDry, AChunkThatCannotBeFramedIsNotSentRaw) {
    H1Client& client = connect();
    Heard heard;
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send_head(head.head, {});
    client.flush();
    settle();
    const std::string before = backend().received;
    dry();
    client.send_body(bytes("0\r\n\r\nGET /evil HTTP/1.1\r\nHost: b\r\n\r\n"));
    client.flush();
    wake();
    run_for(10ms);
    EXPECT_EQ(backend().received, before);
    EXPECT_TRUE(heard.failed);
}

TEST_F(H1ClientDry, AnAnswerInPiecesThatCannotBeKeptFails) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    dry();
    backend().send("HTTP/1.1 200 OK\r\nCont");
    settle();
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::no_buffers);
}

// The end of the connection waits for a buffer, like all that is received, and nobody is told of
// it.
TEST_F(H1ClientDry, AnUploadToABrokenConnectionEndsThoughTheEndCannotBeReceived) {
    H1Client& client = connect();
    Heard heard;
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send_head(head.head, {});
    client.flush();
    settle();
    core::BufferPool& pool = host.io().pool(core::Pool::upstream);
    while (core::Buffer buffer = pool.try_take()) taken.push_back(std::move(buffer));
    backend().reset();
    settle();
    client.send_body(bytes("hello"));
    client.flush();
    wake();
    run_for(2 * host.timeouts.first_byte + 1s);
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::timed_out);
}

}  // namespace
}  // namespace ringway::http
