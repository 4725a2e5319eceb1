// The promise of core/io.h about receives that stand (9), and `yield`. Run on the same engines as
// io_contract_test.cc; which of them really stands, and for how long, is the engine's affair.
#include "tests/core/io_contract.h"

namespace ringway::core::contract {
namespace {

class IoContractStanding : public IoContract {
protected:
    // Bytes of all outcomes so far, in order; their buffers go back.
    void take_all(Waiter& waiter, std::string& bytes) {
        for (const Outcome& outcome : std::exchange(waiter.outcomes, {})) {
            take(outcome, Pool::client, bytes);
            if (outcome.result <= 0 && outcome.result != -ECANCELED) last_result = outcome.result;
        }
    }

    int last_result = 1;  // The last one that brought nothing.
};

TEST_P(IoContractStanding, BringsEveryByteInOrderAndIsBegunAgainWhenItEnds) {
    const Pair pair = make_pair();
    Waiter receiving;
    std::string sent;
    std::string bytes;
    for (unsigned round = 0; round < 40; round++) {
        const std::string part = pattern(1 + round * 23, round);
        Waiter sending;
        io().send(sending.armed(), pair.client, as_bytes(part));
        sent += part;
        ASSERT_TRUE(engine->run_until([&] {
            take_all(receiving, bytes);
            if (!receiving.in_flight() && bytes.size() < sent.size()) {
                io().receive_standing(receiving.armed(), pair.server, Pool::client);
            }
            return bytes.size() == sent.size() && !sending.in_flight();
        }));
        ASSERT_EQ(bytes, sent);
    }
    io().shutdown(pair.server);
    ASSERT_TRUE(engine->run_until([&] { return !receiving.in_flight(); }));
    take_all(receiving, bytes);
    EXPECT_EQ(bytes, sent);
    close(pair);
}

TEST_P(IoContractStanding, EndsSoSoonThatAllOfItFitsIntoOneBuffer) {
    const Pair pair = make_pair();
    const std::string sent = pattern(100'000);
    Waiter sending;
    Waiter receiving;
    io().receive_standing(receiving.armed(), pair.server, Pool::client);
    io().send(sending.armed(), pair.client, as_bytes(sent));
    ASSERT_TRUE(engine->run_until([&] { return !receiving.in_flight(); }));
    std::string bytes;
    take_all(receiving, bytes);
    EXPECT_LE(bytes.size(), io().pool(Pool::client).space_each());
    // The rest waits where it belongs.
    receive(pair.server, sent.size(), bytes);
    EXPECT_EQ(bytes, sent);
    ASSERT_TRUE(run_until_ended(sending));
    close(pair);
}

TEST_P(IoContractStanding, HoldsNoBufferWhileItWaits) {
    const Pair pair = make_pair();
    Waiter receiving;
    std::string bytes;
    const std::uint32_t free_before = io().pool(Pool::client).free_count();
    // Also not behind its first bytes.
    for (int round = 0; round < 2; round++) {
        if (!receiving.in_flight()) {
            io().receive_standing(receiving.armed(), pair.server, Pool::client);
        }
        for (int i = 0; i < 20; i++) engine->tick();
        EXPECT_EQ(io().pool(Pool::client).free_count(), free_before);
        EXPECT_EQ(send(pair.client, "x"), 1);
        ASSERT_TRUE(engine->run_until([&] { return !receiving.outcomes.empty(); }));
        take_all(receiving, bytes);
        // The engine's ring has its buffer back with the next tick.
        engine->tick();
    }
    io().shutdown(pair.server);
    ASSERT_TRUE(engine->run_until([&] { return !receiving.in_flight(); }));
    take_all(receiving, bytes);
    close(pair);
}

TEST_P(IoContractStanding, EndsOnceWhenItIsCancelledAndLosesNoByte) {
    const Pair pair = make_pair();
    std::string bytes;
    std::string sent;
    for (unsigned round = 0; round < 30; round++) {
        const std::string part = pattern(1 + round * 17, round);
        Waiter receiving;
        io().receive_standing(receiving.armed(), pair.server, Pool::client);
        if (round % 3 == 0) engine->tick();
        Waiter sending;
        io().send(sending.armed(), pair.client, as_bytes(part));
        sent += part;
        for (unsigned i = 0; i < round % 4; i++) engine->tick();
        if (receiving.in_flight()) io().cancel(receiving.armed());
        ASSERT_TRUE(engine->run_until([&] { return !receiving.in_flight(); }));
        ASSERT_TRUE(run_until_ended(sending));
        const auto is_last = [](const Outcome& outcome) { return !outcome.more; };
        EXPECT_EQ(std::ranges::count_if(receiving.outcomes, is_last), 1);
        take_all(receiving, bytes);
    }
    receive(pair.server, sent.size(), bytes);
    EXPECT_EQ(bytes, sent);
    close(pair);
}

TEST_P(IoContractStanding, EndsWithTheStream) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "the last words"), 14);
    EXPECT_EQ(close(pair.client), 0);
    Waiter receiving;
    std::string bytes;
    ASSERT_TRUE(engine->run_until([&] {
        take_all(receiving, bytes);
        if (last_result == 0) return true;
        if (!receiving.in_flight()) {
            io().receive_standing(receiving.armed(), pair.server, Pool::client);
        }
        return false;
    }));
    EXPECT_EQ(bytes, "the last words");
    EXPECT_FALSE(receiving.in_flight());
    EXPECT_EQ(close(pair.server), 0);
}

// What its owner starts on hearing of bytes has left before it hears how the stream ended.
TEST_P(IoContractStanding, HasNoTwoOutcomesInOneTick) {
    const Pair pair = make_pair();
    EXPECT_EQ(send(pair.client, "the last words"), 14);
    EXPECT_EQ(close(pair.client), 0);
    std::string bytes;
    for (int round = 0; round < 1'000 && last_result != 0; round++) {
        Waiter receiving;
        io().receive_standing(receiving.armed(), pair.server, Pool::client);
        while (receiving.in_flight()) {
            engine->tick();
            ASSERT_LE(receiving.outcomes.size(), 1U);
            take_all(receiving, bytes);
        }
    }
    EXPECT_EQ(last_result, 0);
    EXPECT_EQ(bytes, "the last words");
    EXPECT_EQ(close(pair.server), 0);
}

TEST_P(IoContractStanding, EndsWithNoBuffersWhenThePoolIsDryAndKeepsTheBytesInTheSocket) {
    const Pair pair = make_pair();
    const std::string sent = pattern(50'000);
    Waiter sending;
    io().send(sending.armed(), pair.client, as_bytes(sent));
    BufferPool& pool = io().pool(Pool::client);
    std::vector<Buffer> held;
    std::string bytes;
    for (bool was_dry = false; !was_dry && bytes.size() < sent.size();) {
        while (Buffer buffer = pool.try_take()) held.push_back(std::move(buffer));
        Waiter receiving;
        io().receive_standing(receiving.armed(), pair.server, Pool::client);
        ASSERT_TRUE(run_until_ended(receiving));
        for (const Outcome& outcome : receiving.outcomes) {
            was_dry = was_dry || outcome.result == -ENOBUFS;
            if (outcome.buffer == Outcome::no_buffer) continue;
            const auto count = static_cast<std::size_t>(std::max(outcome.result, 0));
            held.push_back(pool.reclaim(outcome.buffer, count));
            const std::span<std::byte> came = held.back().bytes();
            bytes.append(reinterpret_cast<const char*>(came.data()), came.size());
        }
    }
    EXPECT_LT(bytes.size(), sent.size()) << "the pool never ran dry";
    held.clear();
    receive(pair.server, sent.size(), bytes);
    EXPECT_EQ(bytes, sent);
    ASSERT_TRUE(run_until_ended(sending));
    close(pair);
}

TEST_P(IoContractStanding, YieldsToTheLoopOnce) {
    Waiter yielding;
    io().yield(yielding.armed());
    EXPECT_TRUE(yielding.outcomes.empty()) << "not from within the call";
    ASSERT_TRUE(run_until_ended(yielding));
    EXPECT_EQ(yielding.result(), 0);
    for (int i = 0; i < 5; i++) engine->tick();
    EXPECT_EQ(yielding.outcomes.size(), 1U);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Engines, IoContractStanding, all_engines, name_of);

}  // namespace ringway::core::contract
