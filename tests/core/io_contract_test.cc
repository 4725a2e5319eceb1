// Every promise of core/io.h, tested alike on each engine. The numbers in the comments are those
// of the promises. What ends and closes descriptors is in io_contract_end_test.cc.
#include <poll.h>

#include "tests/core/io_contract.h"

namespace ringway::core::contract {
namespace {

using namespace std::chrono_literals;

// ---------------------------------------------------------------- 1: delivery

TEST_P(IoContract, DeliversFromRunOnceAndNeverFromTheCallThatStarted) {
    const Pair pair = make_pair();
    Waiter sending;
    Waiter receiving;
    io().send(sending.armed(), pair.client, as_bytes("x"));
    io().receive(receiving.armed(), pair.server, Pool::client);
    EXPECT_TRUE(sending.outcomes.empty() && receiving.outcomes.empty());
    EXPECT_TRUE(sending.in_flight() && receiving.in_flight());
    EXPECT_EQ(io().in_flight(), 2U);
    ASSERT_TRUE(run_until_ended(sending) && run_until_ended(receiving));
    EXPECT_EQ(sending.outcomes.size(), 1U);
    EXPECT_EQ(receiving.outcomes.size(), 1U);
    std::string bytes;
    take(receiving.outcomes.back(), Pool::client, bytes);
    close(pair);
}

TEST_P(IoContract, DeliversEachOfTwentyThousandOperationsStartedInOneTick) {
    // More than the submission queue (1,024) and than the completion queue (8,192) can hold.
    const Pair pair = make_pair();
    std::vector<Waiter> polls(20'000);
    for (Waiter& poll : polls) io().poll(poll.armed(), pair.client, POLLOUT);
    ASSERT_TRUE(engine->run_until([&] { return io().in_flight() == 0; }));
    for (const Waiter& poll : polls) {
        ASSERT_EQ(poll.outcomes.size(), 1U);
        ASSERT_TRUE((poll.result() & POLLOUT) != 0) << poll.result();
    }
    close(pair);
}

// ---------------------------------------------------------------- 2: handlers

// Receives again and again, from the handler of the receive that ended.
struct Chain {
    explicit Chain(Io& io_) : io(io_) {}
    void begin() { io.receive(receiving.then<&Chain::on_received>(), fd, Pool::upstream); }
    void on_received(Outcome outcome) noexcept {
        const int count = std::max(outcome.result, 0);
        if (outcome.buffer != Outcome::no_buffer) {
            io.pool(Pool::upstream).reclaim(outcome.buffer, static_cast<std::size_t>(count));
        }
        total += static_cast<std::size_t>(count);
        if (outcome.result > 0 || outcome.result == -ENOBUFS) return begin();
        ended = true;
    }

    Io& io;
    int fd = -1;
    std::size_t total = 0;
    bool ended = false;
    Op<Chain> receiving{*this};
};

TEST_P(IoContract, LetsAHandlerStartAgainOnTheCompletionThatJustEnded) {
    const Pair pair = make_pair();
    Chain chain{io()};
    chain.fd = pair.server;
    chain.begin();
    for (int i = 0; i < 5; i++) EXPECT_EQ(send(pair.client, pattern(3'000)), 3'000);
    io().shutdown_send(pair.client);
    ASSERT_TRUE(engine->run_until([&] { return chain.ended; }));
    EXPECT_EQ(chain.total, 15'000U);
    close(pair);
}

// Owned by nobody but its operation.
struct Brief {
    explicit Brief(bool& gone_) : gone(gone_) {}
    ~Brief() { gone = true; }
    void on_polled(Outcome) noexcept { delete this; }
    bool& gone;
    Op<Brief> polling{*this};
};

TEST_P(IoContract, LetsAHandlerDestroyItsCompletion) {
    const Pair pair = make_pair();
    bool gone = false;
    Brief* brief = new Brief{gone};
    io().poll(brief->polling.then<&Brief::on_polled>(), pair.client, POLLOUT);
    ASSERT_TRUE(engine->run_until([&] { return gone; }));
    EXPECT_EQ(io().in_flight(), 0U);
    close(pair);
}

// ---------------------------------------------------------------- 4: receiving

TEST_P(IoContract, ReceivesEveryByteInOrderHoweverShortTheReceives) {
    const Pair pair = make_pair();
    const std::string sent = pattern(100'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));
    std::string bytes;
    EXPECT_GT(receive(pair.server, sent.size(), bytes), 0);
    EXPECT_EQ(bytes, sent);
    ASSERT_TRUE(run_until_ended(sending));
    EXPECT_EQ(sending.result(), 100'000);
    close(pair);
}

TEST_P(IoContract, HoldsNoBufferWhileAReceiveWaits) {
    const Pair pair = make_pair();
    const Pair second = make_pair();
    const std::uint32_t free_before = io().pool(Pool::client).free_count();
    Waiter waiting[4];
    const int fds[4] = {pair.client, pair.server, second.client, second.server};
    for (std::size_t i = 0; i < 4; i++) io().receive(waiting[i].armed(), fds[i], Pool::client);
    for (int i = 0; i < 20; i++) engine->tick();
    EXPECT_EQ(io().pool(Pool::client).free_count(), free_before);
    for (const int fd : fds) io().shutdown(fd);
    std::string bytes;
    for (const Waiter& waiter : waiting) {
        ASSERT_TRUE(run_until_ended(waiter));
        take(waiter.outcomes.back(), Pool::client, bytes);
    }
    close(pair);
    close(second);
}

TEST_P(IoContract, EndsWithNoBuffersWhenThePoolIsDryAndKeepsTheBytesInTheSocket) {
    const Pair pair = make_pair();
    const std::string sent = pattern(50'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));

    // Every buffer is held, those that the engine had in its ring as they come with bytes.
    BufferPool& pool = io().pool(Pool::client);
    std::vector<Buffer> held;
    const auto hold_all = [&] {
        while (Buffer buffer = pool.try_take()) held.push_back(std::move(buffer));
    };
    std::string bytes;
    bool was_dry = false;
    while (!was_dry && bytes.size() < sent.size()) {
        hold_all();
        Waiter waiter;
        io().receive(waiter.armed(), pair.server, Pool::client);
        ASSERT_TRUE(run_until_ended(waiter));
        const Outcome outcome = waiter.outcomes.back();
        was_dry = outcome.result == -ENOBUFS && outcome.buffer == Outcome::no_buffer;
        if (outcome.buffer == Outcome::no_buffer) continue;
        ASSERT_GT(outcome.result, 0);
        held.push_back(pool.reclaim(outcome.buffer, static_cast<std::size_t>(outcome.result)));
        const std::span<std::byte> came = held.back().bytes();
        bytes.append(reinterpret_cast<const char*>(came.data()), came.size());
    }
    EXPECT_TRUE(was_dry);

    // The other pool is not dry, and what waits in the socket is whole.
    held.clear();
    receive(pair.server, sent.size(), bytes);
    EXPECT_EQ(bytes, sent);
    ASSERT_TRUE(run_until_ended(sending));
    close(pair);
}

TEST_P(IoContract, ReceivesIntoOnePoolWhileTheOtherIsDry) {
    const Pair pair = make_pair();
    std::vector<Buffer> held;
    while (Buffer buffer = io().pool(Pool::client).try_take()) held.push_back(std::move(buffer));
    EXPECT_EQ(send(pair.client, "an answer"), 9);
    std::string bytes;
    EXPECT_GT(receive(pair.server, 9, bytes, Pool::upstream), 0);
    EXPECT_EQ(bytes, "an answer");
    held.clear();
    close(pair);
}

TEST_P(IoContract, ReceivesIntoTheOwnersMemory) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "0123456789"), 10);
    std::string bytes(10, '.');
    std::size_t count = 0;
    while (count < bytes.size()) {
        Waiter waiter;
        const std::span<char> space =
            std::span{bytes}.subspan(count, std::min(bytes.size() - count, 4UL));
        io().receive_into(waiter.armed(), pair.server, std::as_writable_bytes(space));
        ASSERT_TRUE(run_until_ended(waiter));
        ASSERT_GT(waiter.result(), 0);
        ASSERT_LE(waiter.result(), 4);
        EXPECT_EQ(waiter.outcomes.back().buffer, Outcome::no_buffer);
        count += static_cast<std::size_t>(waiter.result());
    }
    EXPECT_EQ(bytes, "0123456789");
    close(pair);
}

TEST_P(IoContract, SaysWhetherAReceiveLeftBytesBehind) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "abcdef"), 6);
    ASSERT_TRUE(engine->run_until([&] { return io().unacknowledged(pair.client) == 0; }));
    std::string bytes(6, '.');
    const std::span<std::byte> space = std::as_writable_bytes(std::span{bytes});
    std::size_t count = 0;
    while (count < 6) {
        Waiter waiter;
        io().receive_into(waiter.armed(), pair.server,
                          space.subspan(count, count < 5 ? 5 - count : 1));
        ASSERT_TRUE(run_until_ended(waiter));
        ASSERT_GT(waiter.result(), 0);
        count += static_cast<std::size_t>(waiter.result());
        EXPECT_EQ(waiter.outcomes.back().socket_nonempty, count < 6) << count;
    }
    close(pair);
}

// ---------------------------------------------------------------- 5: sending

TEST_P(IoContract, SendsAllOfALargeBufferToASlowReader) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'000 : 400'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));
    for (int i = 0; i < 30; i++) engine->tick();
    EXPECT_FALSE(sending.has_ended());  // It does not fit the kernel's buffers.
    std::string bytes;
    receive(pair.server, sent.size(), bytes);
    ASSERT_TRUE(run_until_ended(sending));
    EXPECT_EQ(sending.result(), static_cast<int>(sent.size()));
    EXPECT_TRUE(bytes == sent);
    close(pair);
}

TEST_P(IoContract, SendsPartsAsIfTheyLayInOnePlace) {
    const Pair pair = make_pair();
    const std::string sent = pattern(is_calm() ? 8'000'000 : 400'000);
    const Part whole = as_bytes(sent);
    Waiter sending;
    {
        // One byte, some, and more than the kernel's buffers hold; the list itself does not last.
        const std::vector<Part> parts{whole.subspan(0, 1), whole.subspan(1, 20'000),
                                      whole.subspan(20'001, 2), whole.subspan(20'003)};
        io().send_parts(sending.armed(), pair.client, parts);
    }
    for (int i = 0; i < 30; i++) engine->tick();
    EXPECT_FALSE(sending.has_ended());
    std::string bytes;
    receive(pair.server, sent.size(), bytes);
    ASSERT_TRUE(run_until_ended(sending));
    EXPECT_EQ(sending.result(), static_cast<int>(sent.size()));
    EXPECT_TRUE(bytes == sent);
    close(pair);
}

TEST_P(IoContract, TakesMoreSendsOfPartsInATickThanItKeepsListsFor) {
    std::vector<Pair> pairs;
    for (int i = 0; i < 100; i++) pairs.push_back(make_pair());
    std::vector<Waiter> sending(pairs.size());
    const std::string sent = pattern(300);
    const Part whole = as_bytes(sent);
    for (std::size_t i = 0; i < pairs.size(); i++) {
        const std::array parts{whole.subspan(i, 1), whole.subspan(i + 1, 99)};
        io().send_parts(sending[i].armed(), pairs[i].client, parts);
    }
    for (std::size_t i = 0; i < pairs.size(); i++) {
        std::string bytes;
        receive(pairs[i].server, 100, bytes);
        EXPECT_EQ(bytes, sent.substr(i, 100)) << i;
        ASSERT_TRUE(run_until_ended(sending[i]));
        EXPECT_EQ(sending[i].result(), 100);
        close(pairs[i]);
    }
}

TEST_P(IoContract, CarriesBothDirectionsAtOnce) {
    const Pair pair = make_pair();
    const std::string up = pattern(200'000, 1);
    const std::string down = pattern(200'000, 2);
    Waiter sending_up;
    Waiter sending_down;
    io().send(sending_up.armed(), pair.client, as_bytes(up));
    io().send(sending_down.armed(), pair.server, as_bytes(down));
    std::string at_server;
    std::string at_client;
    while (at_server.size() < up.size() || at_client.size() < down.size()) {
        if (at_server.size() < up.size()) receive(pair.server, at_server.size() + 1, at_server);
        if (at_client.size() < down.size()) receive(pair.client, at_client.size() + 1, at_client);
    }
    EXPECT_TRUE(at_server == up);
    EXPECT_TRUE(at_client == down);
    ASSERT_TRUE(run_until_ended(sending_up) && run_until_ended(sending_down));
    close(pair);
}

TEST_P(IoContract, KnowsWhenThePeersKernelHasEveryByte) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, pattern(1'000)), 1'000);
    std::string bytes;
    receive(pair.server, 1'000, bytes);
    EXPECT_TRUE(engine->run_until([&] { return io().unacknowledged(pair.client) == 0; }));
    close(pair);
}

TEST_P(IoContract, CountsWhatThePeersKernelAcknowledged) {
    const Pair pair = make_pair();
    const std::uint64_t before = io().acknowledged(pair.client).value();
    std::string bytes;
    for (std::size_t count = 1'000; count < 200'000; count *= 3) {
        const std::string part = pattern(count);
        Waiter sending;
        io().send(sending.armed(), pair.client, as_bytes(part));
        receive(pair.server, bytes.size() + count, bytes);
        ASSERT_TRUE(run_until_ended(sending));
        EXPECT_EQ(sending.result(), static_cast<int>(count));
    }
    const std::uint64_t sent = bytes.size();
    EXPECT_TRUE(
        engine->run_until([&] { return io().acknowledged(pair.client).value() - before == sent; }));
    close(pair);
}

// ---------------------------------------------------------------- connections

TEST_P(IoContract, AcceptsManyOnOneOperationAndIsArmedAgainWhenItEnds) {
    constexpr std::size_t count = 50;
    std::vector<Waiter> connecting(count);
    std::vector<int> fds;
    for (Waiter& waiter : connecting) {
        fds.push_back(io().open_socket(listening.address).value());
        io().connect(waiter.armed(), fds.back(), listening.address);
    }
    std::vector<int> accepted = accept(count);
    EXPECT_EQ(accepted.size(), count);
    for (const Waiter& waiter : connecting) {
        ASSERT_TRUE(run_until_ended(waiter));
        EXPECT_EQ(waiter.result(), 0);
    }
    fds.insert(fds.end(), accepted.begin(), accepted.end());
    std::sort(fds.begin(), fds.end());
    EXPECT_EQ(std::adjacent_find(fds.begin(), fds.end()), fds.end());
    for (const int fd : fds) EXPECT_EQ(close(fd), 0);
}

TEST_P(IoContract, EndsAnAcceptThatFindsNoDescriptorAndLosesNoConnection) {
    const int client = io().open_socket(listening.address).value();
    engine->limit_descriptors(0);
    Waiter accepting;
    Waiter connecting;
    io().accept(accepting.armed(), listening.fd);
    io().connect(connecting.armed(), client, listening.address);
    ASSERT_TRUE(run_until_ended(accepting));
    EXPECT_TRUE(accepting.result() == -EMFILE || accepting.result() == -ECONNABORTED);
    engine->limit_descriptors(-1);
    const std::vector<int> accepted = accept(1);
    ASSERT_TRUE(run_until_ended(connecting));
    ASSERT_EQ(accepted.size(), 1U);
    close({client, accepted.front()});
}

TEST_P(IoContract, RefusesAConnectWhereNobodyListens) {
    const Address nobody = engine->deserted();
    const int fd = io().open_socket(nobody).value();
    Waiter connecting;
    io().connect(connecting.armed(), fd, nobody);
    ASSERT_TRUE(run_until_ended(connecting));
    EXPECT_EQ(connecting.result(), -ECONNREFUSED);
    EXPECT_EQ(close(fd), 0);
}

TEST_P(IoContract, KnowsThePeersAddress) {
    const Pair pair = make_pair();
    EXPECT_EQ(io().peer_address(pair.client).value(), listening.address);
    EXPECT_NE(io().peer_address(pair.server).value().port(), listening.address.port());
    close(pair);
}

TEST_P(IoContract, PollsForBytes) {
    const Pair pair = make_pair();
    Waiter polling;
    io().poll(polling.armed(), pair.server, POLLIN);
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_TRUE(polling.in_flight());
    EXPECT_EQ(send(pair.client, "x"), 1);
    ASSERT_TRUE(run_until_ended(polling));
    EXPECT_TRUE((polling.result() & POLLIN) != 0);
    std::string bytes;
    receive(pair.server, 1, bytes);
    EXPECT_EQ(bytes, "x");
    close(pair);
}

// ---------------------------------------------------------------- sleeping

TEST_P(IoContract, SleepsOnlyWhenTheGateLetsIt) {
    for (int i = 0; i < 10; i++) engine->tick();
    support::CountingGate gate;
    gate.lets = false;
    const Instant until = io().clock().now() + 3600s;
    for (int i = 0; i < 10; i++) io().run_once(until, gate);
    EXPECT_GE(gate.asked, 1);
    EXPECT_LT(io().clock().now(), until);
}

TEST_P(IoContract, IsWokenFromItsSleepByAnother) {
    support::CountingGate gate;
    const Instant until = io().clock().now() + 600s;
    EXPECT_TRUE(engine->sleep_and_be_woken(until, gate));
    EXPECT_GE(gate.asked, 1);
    EXPECT_EQ(gate.awoken, gate.asked);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Engines, IoContract, all_engines, name_of);

}  // namespace ringway::core::contract
