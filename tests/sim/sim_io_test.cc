// What SimIo imitates of a kernel beyond the promises of core/io.h (those are tested in
// tests/core/io_contract_test.cc), and what it checks of its user.
#include "tests/sim/sim_io.h"

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;

class Waiter {
public:
    core::Completion& armed() { return op_.then<&Waiter::on_outcome>(); }
    bool has_ended() const { return !results.empty() && !op_.in_flight(); }
    std::vector<std::int32_t> results;

private:
    void on_outcome(core::Outcome outcome) noexcept { results.push_back(outcome.result); }
    core::Op<Waiter> op_{*this};
};

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

// One host that talks to itself.
class SimIoTest : public testing::Test, protected SimHost, protected core::SleepGate {
protected:
    SimIoTest() { world.add(*this); }

    void connect_pair() {
        const core::Address address = core::Address::ipv4_loopback(80);
        const int listen_fd = sim_io.listen(address);
        Waiter accepting;
        Waiter connecting;
        Waiter closing;
        client = sim_io.open_socket(address).value();
        sim_io.accept(accepting.armed(), listen_fd);
        sim_io.connect(connecting.armed(), client, address);
        run_until([&] { return connecting.has_ended() && !accepting.results.empty(); });
        server = accepting.results.front();
        sim_io.cancel(accepting.armed());
        run_until([&] { return accepting.has_ended(); });
        sim_io.close_listener(listen_fd);
    }
    void close(int fd) {
        Waiter closing;
        sim_io.close(closing.armed(), fd);
        run_until([&] { return closing.has_ended(); });
    }
    template <class Done>
    void run_until(Done&& done) {
        ASSERT_TRUE(world.run_until(clock.now() + 10s, done));
    }

    SimClock clock;
    SimFaults faults{1};
    SimNet net{clock, faults};
    SimIo sim_io{net, {.host = core::Address::ipv4_loopback(0)}};
    SimWorld world{net};
    int client = -1;
    int server = -1;

private:
    SimIo& io() override { return sim_io; }
    void tick() override { sim_io.run_once(clock.now() + 1s, *this); }
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
};

TEST_F(SimIoTest, LetsAShutdownOvertakeASendOfTheSameTick) {
    connect_pair();
    Waiter sending;
    sim_io.send(sending.armed(), client, as_bytes("never leaves"));
    sim_io.shutdown(client);
    run_until([&] { return sending.has_ended(); });
    EXPECT_EQ(sending.results.front(), -EPIPE);
    close(client);
    close(server);
}

TEST_F(SimIoTest, GivesADescriptorOutAgainBeforeItsCloseIsConfirmed) {
    connect_pair();
    faults.set_rate(Fault::close_late, 1);
    Waiter closing;
    sim_io.close(closing.armed(), client);
    while (sim_io.open_descriptors() == 2) world.step();
    const int again = sim_io.open_socket(core::Address::ipv4_loopback(80)).value();
    EXPECT_EQ(again, client);
    EXPECT_FALSE(closing.has_ended());
    run_until([&] { return closing.has_ended(); });
    faults.set_rate(Fault::close_late, 0);
    close(again);
    close(server);
}

TEST_F(SimIoTest, LosesWhatWasOnTheWireInAReset) {
    connect_pair();
    Waiter sending;
    sim_io.send(sending.armed(), client, as_bytes("on the wire"));
    sim_io.run_once(clock.now(), *this);
    sim_io.reset(client);
    run_until([&] { return sending.has_ended(); });
    std::byte space[32];
    Waiter receiving;
    sim_io.receive_into(receiving.armed(), server, space);
    run_until([&] { return receiving.has_ended(); });
    EXPECT_EQ(receiving.results.front(), -ECONNRESET);
    close(client);
    close(server);
}

TEST_F(SimIoTest, DiesOfACloseWithAReceiveInFlight) {
    connect_pair();
    EXPECT_DEATH(
        {
            Waiter receiving;
            Waiter closing;
            std::byte space[8];
            sim_io.receive_into(receiving.armed(), client, space);
            sim_io.close(closing.armed(), client);
        },
        "undelivered == 0");
    close(client);
    close(server);
}

TEST_F(SimIoTest, DiesOfTwoSendsOnOneDescriptor) {
    connect_pair();
    EXPECT_DEATH(
        {
            Waiter first;
            Waiter second;
            sim_io.send(first.armed(), client, as_bytes("a"));
            sim_io.send(second.armed(), client, as_bytes("b"));
        },
        "send_pending");
    close(client);
    close(server);
}

TEST_F(SimIoTest, DiesOfAnOperationOnAClosedDescriptor) {
    connect_pair();
    EXPECT_DEATH(
        {
            Waiter closing;
            Waiter sending;
            sim_io.close(closing.armed(), client);
            sim_io.send(sending.armed(), client, as_bytes("a"));
        },
        "closing");
    close(client);
    close(server);
}

TEST(SimClock, FiresInOrderOfTimeAndThenOfPlanning) {
    struct Target final : SimTarget {
        void on_event(const SimEvent& event) noexcept override { fired.push_back(event.index); }
        std::vector<std::uint32_t> fired;
    } target;
    SimClock clock;
    clock.after(5ms, {.target = &target, .index = 1});
    clock.after(2ms, {.target = &target, .index = 2});
    clock.after(5ms, {.target = &target, .index = 3});
    clock.after(9ms, {.target = &target, .index = 4});
    clock.advance(clock.now() + 5ms);
    EXPECT_EQ(target.fired, (std::vector<std::uint32_t>{2, 1, 3}));
    EXPECT_EQ(clock.next_due(), core::Instant{9ms});
}

TEST(SimFaults, StrikeOnlyWhereTheirRateIsAboveZeroAndAreCounted) {
    SimFaults faults{1};
    faults.set_rate(Fault::cancel_lost, 0.5);
    int struck = 0;
    for (int i = 0; i < 1'000; i++) {
        struck += faults.strikes(Fault::cancel_lost) ? 1 : 0;
        EXPECT_FALSE(faults.strikes(Fault::cancel_late));
    }
    EXPECT_GT(struck, 400);
    EXPECT_LT(struck, 600);
    EXPECT_EQ(faults.struck_total(Fault::cancel_lost), static_cast<std::uint64_t>(struck));
    EXPECT_EQ(faults.struck_total(Fault::cancel_late), 0U);
}

TEST(SimFaults, HaveARowEachInTheTable) {
    for (std::size_t i = 0; i < fault_kinds; i++) {
        EXPECT_EQ(static_cast<std::size_t>(fault_table[i].fault), i) << fault_table[i].name;
    }
}

}  // namespace
}  // namespace ringway::sim
