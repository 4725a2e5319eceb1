#include "shards/listener.h"

#include "tests/core/io_contract.h"

namespace ringway::shards {
namespace {

using core::contract::EngineParameter;
using core::contract::Waiter;

// A shard with room for `room` connections, and nothing else.
class Room final : public ListenerOwner {
public:
    void on_accepted(Listener& /*listener*/, int fd) override {
        EXPECT_LT(adopted.size(), room);
        adopted.push_back(fd);
    }
    bool has_room() const override { return adopted.size() < room; }
    void on_listener_closed(Listener& /*listener*/) override { is_closed = true; }

    std::size_t room = 0;
    std::vector<int> adopted;
    bool is_closed = false;
};

class ListenerFull : public core::contract::IoContract {
protected:
    static constexpr std::size_t client_count = 200;

    void SetUp() override {
        IoContract::SetUp();
        if (engine == nullptr) return;
        timers.emplace(io().clock().now());
        // All of them stand in the queue before the first is accepted.
        std::vector<std::unique_ptr<Waiter>> connecting;
        for (std::size_t i = 0; i < client_count; i++) {
            clients.push_back(io().open_socket(listening.address).value());
            connecting.push_back(std::make_unique<Waiter>());
            io().connect(connecting.back()->armed(), clients.back(), listening.address);
        }
        for (const auto& waiter : connecting) EXPECT_TRUE(run_until_ended(*waiter));
    }

    // The listener closes its descriptor, so it gets one of its own.
    void start(std::size_t room) {
        owner.room = room;
        listener.emplace(io(), *timers,
                         Listener::Options{.owner = owner, .fd = listening.fd, .arrival = {}});
        listener->begin_accepting();
    }

    void TearDown() override {
        if (engine == nullptr) return;
        listener->begin_close();
        EXPECT_TRUE(engine->run_until([this] { return owner.is_closed; }));
        listening = engine->listen();
        for (const int fd : clients) close(fd);
        for (const int fd : owner.adopted) close(fd);
        IoContract::TearDown();
    }

    std::optional<core::TimerWheel> timers;
    std::vector<int> clients;
    Room owner;
    std::optional<Listener> listener;
};

TEST_P(ListenerFull, AdmitsNoMoreThanThereIsRoomForAndLosesNone) {
    start(10);
    ASSERT_TRUE(engine->run_until([this] { return listener->state() == Listener::State::paused; }));
    EXPECT_EQ(owner.adopted.size(), 10U);
    for (const std::size_t room : {11U, 100U, 200U}) {
        owner.room = room;
        listener->resume_if_paused();
        ASSERT_TRUE(engine->run_until([&] { return owner.adopted.size() == room; })) << room;
    }
    EXPECT_EQ(listener->waiting_count(), 0U);
}

TEST_P(ListenerFull, ClosesThoseThatStillWaitWhenItCloses) {
    start(10);
    ASSERT_TRUE(engine->run_until([this] { return listener->state() == Listener::State::paused; }));
    listener->begin_close();
    ASSERT_TRUE(engine->run_until([this] { return owner.is_closed; }));
    EXPECT_EQ(listener->waiting_count(), 0U);
    EXPECT_EQ(owner.adopted.size(), 10U);
}

INSTANTIATE_TEST_SUITE_P(Engines, ListenerFull,
                         testing::Values(EngineParameter{"uring", 0}, EngineParameter{"sim", 0},
                                         EngineParameter{"sim_faulty", 1},
                                         EngineParameter{"sim_faulty", 2}),
                         [](const auto& parameter) {
                             return std::string(parameter.param.name) +
                                    std::to_string(parameter.param.seed);
                         });

}  // namespace
}  // namespace ringway::shards
