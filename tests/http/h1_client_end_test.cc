// How exchanges with a backend fail, what the error says about trying again, and how connections
// end: resets and ends at any byte, time-outs, aborts.
#include "http/h1_client.h"
#include "tests/http/client_fixture.h"

namespace ringway::http {
namespace {

using core::Errc;
using core::Retry;
using fakes::ClientTest;
using fakes::Heard;
using namespace std::chrono_literals;

class H1ClientEnd : public ClientTest {};

constexpr std::string_view any_response =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: v\r\n\r\n";
constexpr std::size_t any_heads = any_response.find("5\r\nhello");

TEST_F(H1ClientEnd, ABackendMayEndOrVanishAtAnyByteOfItsResponse) {
    for (const bool vanishes : {false, true}) {
        for (std::size_t cut = 0; cut < any_response.size(); cut++) {
            H1Client& client = connect();
            Heard heard;
            get(client, heard);
            run_for(2ms);
            backend().send(any_response.substr(0, cut));
            run_for(2ms);
            vanishes ? backend().reset() : backend().end();
            run_for(2ms);
            ASSERT_TRUE(heard.failed) << "cut at " << cut;
            EXPECT_EQ(heard.error.code, vanishes ? Errc::reset : Errc::ended);
            EXPECT_EQ(heard.error.side, core::Side::upstream);
            // Until a final head is whole, nobody was told what another answer would contradict.
            const Retry begun = cut < any_heads ? Retry::if_idempotent : Retry::never;
            EXPECT_EQ(heard.error.retry, cut == 0 ? Retry::if_reused : begun) << cut;
            ASSERT_TRUE(host.clients.empty());
        }
    }
    EXPECT_EQ(host.idle, 0);
    EXPECT_EQ(host.ending, host.closed);
}

TEST_F(H1ClientEnd, AnIdleConnectionThatItsBackendEndsIsGivenUp) {
    connect();
    backend().end();
    settle();
    EXPECT_EQ(host.ending, 1);
    EXPECT_EQ(host.closed, 1);
    connect();
    backend().reset();
    settle();
    EXPECT_EQ(host.closed, 2);
}

TEST_F(H1ClientEnd, ABackendThatRefusesIsUnreachableAndMayBeTriedAgain) {
    H1Client& client = host.make();
    ASSERT_TRUE(client.connect(core::Address::parse("10.0.0.9:81").value()).has_value());
    settle();
    ASSERT_EQ(host.unreachable.size(), 1U);
    EXPECT_EQ(host.unreachable[0].code, Errc::refused);
    EXPECT_EQ(host.unreachable[0].retry, Retry::yes);
    EXPECT_EQ(host.closed, 1);
    EXPECT_EQ(host.ending, 0);
}

TEST_F(H1ClientEnd, ABackendThatDoesNotAnswerAConnectIsGivenUpInTime) {
    faults.set_rate(sim::Fault::connect_hung, 1);
    H1Client& client = host.make();
    ASSERT_TRUE(client.connect(address).has_value());
    run_for(host.timeouts.connect - 10ms);
    EXPECT_TRUE(host.unreachable.empty());
    run_for(20ms);
    ASSERT_EQ(host.unreachable.size(), 1U);
    EXPECT_EQ(host.unreachable[0].code, Errc::timed_out);
    EXPECT_EQ(host.unreachable[0].retry, Retry::yes);
    settle();
    EXPECT_EQ(host.closed, 1);
}

TEST_F(H1ClientEnd, NoFirstByteInItsTimeIsATimeOut) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    run_for(host.timeouts.first_byte - 10ms);
    EXPECT_FALSE(heard.is_over());
    run_for(20ms);
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::timed_out);
    EXPECT_EQ(heard.error.retry, Retry::never);
    EXPECT_EQ(host.counters.upstream_timeouts.value(), 1U);
}

TEST_F(H1ClientEnd, ARequestThatIsStillComingIsNotLate) {
    H1Client& client = connect();
    Heard heard;
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\n");
    client.send_head(head.head, {});
    client.flush();
    run_for(host.timeouts.first_byte * 5);
    EXPECT_FALSE(heard.is_over());
    wake();
    client.send_body(bytes("hello"));
    client.end_request();
    wake();
    run_for(host.timeouts.first_byte - 10ms);
    EXPECT_FALSE(heard.is_over());
    run_for(20ms);
    EXPECT_EQ(heard.error.code, Errc::timed_out);
}

TEST_F(H1ClientEnd, ABackendThatDoesNotTakeTheRequestIsATimeOut) {
    H1Client& client = connect();
    backend().stop_reading();
    Heard heard;
    client.begin_exchange(heard);
    client.allow(body_window_bytes);
    const tests::ParsedRequest head =
        tests::parse_request("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 400000\r\n\r\n");
    client.send_head(head.head, {});
    for (int i = 0; i < 40; i++) client.send_body(bytes(std::string(5'000, 'x')));
    client.flush();
    run_for(host.timeouts.first_byte * 3);
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::timed_out);
}

TEST_F(H1ClientEnd, AResponseThatStopsIsATimeOut) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    backend().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel");
    run_for(host.timeouts.between_bytes - 10ms);
    backend().send("lo");
    run_for(host.timeouts.between_bytes - 10ms);
    EXPECT_FALSE(heard.is_over());
    run_for(20ms);
    EXPECT_EQ(heard.error.code, Errc::timed_out);
}

TEST_F(H1ClientEnd, AResponseThatNobodyTakesIsNotLate) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    const std::string body(body_window_bytes * 2, 'x');
    backend().send(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    run_for(host.timeouts.between_bytes * 5);
    EXPECT_FALSE(heard.is_over());
    client.allow(body.size());
    settle();
    EXPECT_TRUE(heard.ended);
}

TEST_F(H1ClientEnd, AnIdleConnectionEndsAfterItsTime) {
    connect();
    run_for(host.timeouts.idle - 10ms);
    EXPECT_EQ(host.closed, 0);
    run_for(20ms);
    EXPECT_EQ(host.closed, 1);
    EXPECT_TRUE(backend().has_ended());
}

TEST_F(H1ClientEnd, NothingIsHeardAfterAnAbortAtAnyByte) {
    for (std::size_t cut = 0; cut < any_response.size(); cut++) {
        H1Client& client = connect();
        Heard heard;
        get(client, heard);
        run_for(2ms);
        backend().send(any_response.substr(0, cut));
        run_for(2ms);
        const std::size_t heads = heard.statuses.size();
        client.abort();
        backend().send(any_response.substr(cut));
        run_for(2ms);
        EXPECT_FALSE(heard.is_over());
        EXPECT_EQ(heard.statuses.size(), heads);
        ASSERT_TRUE(host.clients.empty());
    }
}

TEST_F(H1ClientEnd, AConnectionThatWeEndFailsItsExchange) {
    H1Client& client = connect();
    Heard heard;
    get(client, heard);
    settle();
    client.begin_close();
    EXPECT_TRUE(heard.failed);
    EXPECT_EQ(heard.error.code, Errc::canceled);
    EXPECT_EQ(heard.error.side, core::Side::us);
}

TEST_F(H1ClientEnd, AConnectThatIsNotWantedAnyMoreEnds) {
    H1Client& client = host.make();
    ASSERT_TRUE(client.connect(address).has_value());
    client.begin_close();
    settle();
    EXPECT_EQ(host.closed, 1);
    EXPECT_EQ(host.connected, 0);
    EXPECT_TRUE(host.unreachable.empty());
}

}  // namespace
}  // namespace ringway::http
