// The promises of core/io.h about ends: cancelling, shutting down, closing, releasing. Run on the
// same engines as io_contract_test.cc.
#include "tests/core/io_contract.h"

namespace ringway::core::contract {
namespace {

class IoContractEnds : public IoContract {};

// ---------------------------------------------------------------- 3: cancelling

TEST_P(IoContractEnds, CompletesACancelledReceiveOnce) {
    const Pair pair = make_pair();
    Waiter receiving;
    io().receive(receiving.armed(), pair.server, Pool::client);
    for (int i = 0; i < 3; i++) engine->tick();
    io().cancel(receiving.armed());
    ASSERT_TRUE(run_until_ended(receiving));
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_EQ(receiving.outcomes.size(), 1U);
    EXPECT_LT(receiving.result(), 0);
    std::string bytes;
    take(receiving.outcomes.back(), Pool::client, bytes);
    close(pair);
}

TEST_P(IoContractEnds, CompletesOnceHoweverOftenItIsCancelled) {
    const Pair pair = make_pair();
    Waiter receiving;
    io().receive(receiving.armed(), pair.server, Pool::client);
    for (int i = 0; i < 3; i++) io().cancel(receiving.armed());
    ASSERT_TRUE(run_until_ended(receiving));
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_EQ(receiving.outcomes.size(), 1U);
    // A cancel that came too late does not hit the next operation on the same completion.
    EXPECT_EQ(send(pair.client, "x"), 1);
    std::string bytes;
    EXPECT_EQ(receive(pair.server, 1, bytes), 1);
    close(pair);
}

TEST_P(IoContractEnds, KeepsTheBytesWhenACancelRacesWithTheirArrival) {
    // 7, the release of a live descriptor: every byte is in an outcome or still in the socket.
    const Pair pair = make_pair();
    std::string bytes;
    std::string sent;
    for (unsigned round = 0; round < 30; round++) {
        const std::string part = pattern(1 + round * 17, round);
        Waiter receiving;
        io().receive(receiving.armed(), pair.server, Pool::client);
        if (round % 3 == 0) engine->tick();
        Waiter sending;
        io().send(sending.armed(), pair.client, as_bytes(part));
        sent += part;
        for (unsigned i = 0; i < round % 4; i++) engine->tick();
        if (receiving.in_flight()) io().cancel(receiving.armed());
        ASSERT_TRUE(run_until_ended(sending) && run_until_ended(receiving));
        EXPECT_EQ(receiving.outcomes.size(), 1U);
        take(receiving.outcomes.back(), Pool::client, bytes);
    }
    receive(pair.server, sent.size(), bytes);
    EXPECT_EQ(bytes, sent);
    close(pair);
}

TEST_P(IoContractEnds, CancelsAnAccept) {
    Waiter accepting;
    io().accept(accepting.armed(), listening.fd);
    for (int i = 0; i < 3; i++) engine->tick();
    io().cancel(accepting.armed());
    ASSERT_TRUE(run_until_ended(accepting));
    EXPECT_EQ(accepting.result(), -ECANCELED);
}

TEST_P(IoContractEnds, CancelsAConnect) {
    const int fd = io().open_socket(listening.address).value();
    Waiter connecting;
    io().connect(connecting.armed(), fd, listening.address);
    io().cancel(connecting.armed());
    ASSERT_TRUE(run_until_ended(connecting));
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_EQ(connecting.outcomes.size(), 1U);  // Connected or cancelled: any result.
    EXPECT_EQ(close(fd), 0);
}

TEST_P(IoContractEnds, SaysHowMuchOfACancelledSendLeft) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'000 : 400'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));
    for (int i = 0; i < 5; i++) engine->tick();
    io().cancel(sending.armed());
    ASSERT_TRUE(run_until_ended(sending));
    EXPECT_LT(sending.result(), static_cast<int>(sent.size()));
    const auto left = static_cast<std::size_t>(std::max(sending.result(), 0));
    io().shutdown_send(pair.client);
    std::string bytes;
    EXPECT_EQ(receive(pair.server, sent.size(), bytes), 0);
    EXPECT_EQ(bytes.size(), left);
    EXPECT_TRUE(bytes == sent.substr(0, left));
    close(pair);
}

// ---------------------------------------------------------------- 6: shutting down, closing

TEST_P(IoContractEnds, EndsTheStreamWithZeroAfterTheLastByte) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "the last words"), 14);
    EXPECT_EQ(close(pair.client), 0);
    std::string bytes;
    EXPECT_EQ(receive(pair.server, 1'000, bytes), 0);
    EXPECT_EQ(bytes, "the last words");
    EXPECT_EQ(close(pair.server), 0);
}

// ---------------------------------------------------------------- 8: the last bytes and the end

TEST_P(IoContractEnds, KeepsTheLastBytesUntilTheCloseAndSendsThemWithIt) {
    const Pair pair = make_pair();
    Waiter receiving;
    io().receive(receiving.armed(), pair.server, Pool::client);
    EXPECT_EQ(send_last(pair.client, "the last words"), 14);
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_TRUE(receiving.in_flight());  // Alone they would cost a segment.
    EXPECT_EQ(close(pair.client), 0);
    ASSERT_TRUE(run_until_ended(receiving));
    std::string bytes;
    take(receiving.outcomes.back(), Pool::client, bytes);
    EXPECT_EQ(receive(pair.server, 1'000, bytes), 0);
    EXPECT_EQ(bytes, "the last words");
    EXPECT_EQ(close(pair.server), 0);
}

TEST_P(IoContractEnds, SendsTheLastBytesWithTheEndOfItsOwnSide) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "first "), 6);
    EXPECT_EQ(send_last(pair.client, "and last"), 8);
    io().shutdown_send(pair.client);
    std::string bytes;
    EXPECT_EQ(receive(pair.server, 1'000, bytes), 0);
    EXPECT_EQ(bytes, "first and last");
    close(pair);
}

TEST_P(IoContractEnds, SendsLastBytesThatAreMoreThanFitAnywhere) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'001 : 400'001);
    Waiter sending;
    io().send_last(sending.armed(), pair.client, as_bytes(sent));
    std::string bytes;
    while (!sending.has_ended()) {
        ASSERT_NE(receive(pair.server, bytes.size() + 1, bytes), 0);
    }
    EXPECT_EQ(sending.result(), static_cast<int>(sent.size()));
    EXPECT_EQ(close(pair.client), 0);
    EXPECT_EQ(receive(pair.server, sent.size() + 1, bytes), 0);
    EXPECT_TRUE(bytes == sent);
    EXPECT_EQ(close(pair.server), 0);
}

TEST_P(IoContractEnds, SaysThatTheLastBytesCannotBeSentToAPeerThatIsGone) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "never read"), 10);
    ASSERT_TRUE(engine->run_until([&] { return io().unacknowledged(pair.client) == 0; }));
    EXPECT_EQ(close(pair.server), 0);  // With bytes unread: a reset.
    EXPECT_EQ(receive_end(pair.client), -ECONNRESET);
    EXPECT_LT(send_last(pair.client, "too late"), 0);
    EXPECT_EQ(close(pair.client), 0);
}

TEST_P(IoContractEnds, GoesOnReceivingAfterItsOwnSideEnded) {
    const Pair pair = make_pair();
    io().shutdown_send(pair.client);
    EXPECT_EQ(receive_end(pair.server), 0);
    EXPECT_EQ(send(pair.server, "an answer"), 9);
    std::string bytes;
    EXPECT_GT(receive(pair.client, 9, bytes), 0);
    EXPECT_EQ(bytes, "an answer");
    EXPECT_EQ(send(pair.client, "too late"), -EPIPE);
    close(pair);
}

TEST_P(IoContractEnds, CompletesWhatIsInFlightWhenShutDown) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'000 : 400'000);
    Waiter receiving;
    Waiter sending;
    io().receive(receiving.armed(), pair.client, Pool::client);
    io().send(sending.armed(), pair.client, as_bytes(sent));
    for (int i = 0; i < 10; i++) engine->tick();
    EXPECT_TRUE(sending.in_flight());
    io().shutdown(pair.client);
    ASSERT_TRUE(run_until_ended(receiving) && run_until_ended(sending));
    EXPECT_TRUE(receiving.result() == 0 || receiving.result() == -ENOBUFS);
    EXPECT_LT(sending.result(), static_cast<int>(sent.size()));
    std::string bytes;
    take(receiving.outcomes.back(), Pool::client, bytes);
    close(pair);
}

TEST_P(IoContractEnds, SendsShortOnlyToAPeerThatIsGone) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'000 : 400'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));
    std::string bytes;
    receive(pair.server, 1, bytes);
    EXPECT_TRUE(sending.in_flight());
    EXPECT_EQ(close(pair.server), 0);  // With bytes unread: a reset.
    ASSERT_TRUE(run_until_ended(sending));
    EXPECT_LT(sending.result(), static_cast<int>(sent.size()));
    EXPECT_LT(send(pair.client, "more"), 0);
    EXPECT_EQ(close(pair.client), 0);
}

TEST_P(IoContractEnds, ResetsThePeerWhenClosedWithBytesUnread) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "never read"), 10);
    ASSERT_TRUE(engine->run_until([&] { return io().unacknowledged(pair.client) == 0; }));
    EXPECT_EQ(close(pair.server), 0);
    EXPECT_EQ(receive_end(pair.client), -ECONNRESET);
    EXPECT_EQ(close(pair.client), 0);
}

TEST_P(IoContractEnds, ResetEndsWhatIsInFlightAndThePeerDoesNotTakeItForTheEnd) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "the first half"), 14);
    std::string bytes;
    receive(pair.server, 14, bytes);
    EXPECT_EQ(bytes, "the first half");
    Waiter receiving;
    io().receive(receiving.armed(), pair.client, Pool::client);
    const std::string rest = pattern(is_calm() ? 8'000'000 : 400'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(rest));
    for (int i = 0; i < 3; i++) engine->tick();
    io().reset(pair.client);
    ASSERT_TRUE(run_until_ended(receiving) && run_until_ended(sending));
    EXPECT_LE(receiving.result(), 0);
    EXPECT_LT(sending.result(), static_cast<int>(rest.size()));
    take(receiving.outcomes.back(), Pool::client, bytes);
    io().shutdown(pair.client);  // As who closes does; it turns nothing into an end.
    EXPECT_EQ(close(pair.client), 0);
    bytes.clear();
    EXPECT_EQ(receive(pair.server, rest.size(), bytes), -ECONNRESET);
    EXPECT_EQ(close(pair.server), 0);
}

TEST_P(IoContractEnds, ClosesOnceEverythingIsJoinedAndTheDescriptorIsFree) {
    const Pair pair = make_pair();
    Waiter receiving;
    io().receive(receiving.armed(), pair.client, Pool::client);
    io().shutdown(pair.client);
    ASSERT_TRUE(run_until_ended(receiving));
    std::string bytes;
    take(receiving.outcomes.back(), Pool::client, bytes);
    EXPECT_EQ(close(pair.client), 0);
    EXPECT_EQ(receive_end(pair.server), 0);
    const int again = io().open_socket(listening.address).value();
    EXPECT_EQ(again, pair.client);
    EXPECT_EQ(close(again), 0);
    EXPECT_EQ(close(pair.server), 0);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Engines, IoContractEnds, all_engines, name_of);

}  // namespace ringway::core::contract
