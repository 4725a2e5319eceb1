#include "shards/shard.h"

#include "tests/core/io_contract.h"

namespace ringway::shards {
namespace {

using core::contract::EngineParameter;
using core::contract::Waiter;

class ShardOfFew : public core::contract::IoContract {
protected:
    void SetUp() override {
        IoContract::SetUp();
        if (engine == nullptr) return;
        config.limits.connections = 10;
        shard.emplace(Shard::Options{.id = {0}, .config = config, .io = io(), .mailbox = mailbox});
        shard->listen(listening.fd, {.scheme = "http", .port = "80"});
    }

    void TearDown() override {
        if (engine == nullptr) return;
        for (const int fd : clients) close(fd);
        shard->end_now();
        EXPECT_TRUE(engine->run_until([this] { return io().in_flight() == 0; }));
        // With mail it does not sleep, though nothing will come any more.
        EXPECT_TRUE(control.try_post(0, {.kind = Message::Kind::end_now}));
        shard->tick();
        EXPECT_TRUE(shard->is_finished());
        shard.reset();
        listening = engine->listen();  // The shard closed the one it was given.
        IoContract::TearDown();
    }

    void connect() {
        clients.push_back(io().open_socket(listening.address).value());
        Waiter connecting;
        io().connect(connecting.armed(), clients.back(), listening.address);
        ASSERT_TRUE(run_until_ended(connecting));
        ASSERT_EQ(connecting.result(), 0);
    }

    config::Config config;
    Mesh mesh{2};
    Mailbox mailbox{mesh, 0};
    Mailbox control{mesh, 1};
    std::optional<Shard> shard;
    std::vector<int> clients;
};

TEST_P(ShardOfFew, TakesTheNextClientWhenOneLeaves) {
    for (int i = 0; i < 12; i++) connect();
    ASSERT_TRUE(engine->run_until([this] { return shard->client_count() == 10; }));
    for (int i = 0; i < 20; i++) engine->tick();
    EXPECT_EQ(shard->counters().clients_accepted.value(), 10U);
    close(clients.front());
    clients.erase(clients.begin());
    EXPECT_TRUE(
        engine->run_until([this] { return shard->counters().clients_accepted.value() == 11; }));
}

INSTANTIATE_TEST_SUITE_P(Engines, ShardOfFew,
                         testing::Values(EngineParameter{"uring", 0}, EngineParameter{"sim", 0},
                                         EngineParameter{"sim_faulty", 1}),
                         [](const auto& parameter) {
                             return std::string(parameter.param.name) +
                                    std::to_string(parameter.param.seed);
                         });

}  // namespace
}  // namespace ringway::shards
