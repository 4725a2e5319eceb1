// What a shard keeps of connections to many backends: each backend may have its share of idle ones,
// and they are never in the way of a request.
#include <gtest/gtest.h>

#include "shards/shard.h"
#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::shards {
namespace {

class ShardHost final : public sim::SimHost {
public:
    ShardHost(sim::SimNet& net, const core::Address& address, const config::Config& config)
        : io_(net, {.host = address}),
          shard({.id = {0}, .config = config, .io = io_, .mailbox = mailbox_}) {
        shard.listen(io_.listen(address), {.scheme = "http", .port = "80"});
    }
    sim::SimIo& io() override { return io_; }
    void tick() override {
        if (!shard.is_finished()) shard.tick();
    }

private:
    sim::SimIo io_;
    Mesh mesh_{2};
    Mailbox mailbox_{mesh_, 0};

public:
    Shard shard;
};

class ShardUpstreams : public testing::Test, protected tests::SimBench {};

TEST_F(ShardUpstreams, AThousandBackendsMayEachKeepAnIdleConnection) {
    constexpr std::size_t backend_count = 1'000;
    config::Config config;
    config.limits.connections = 1;
    config.limits.upstream_idle = 1;
    config.groups.resize(1);
    tests::RawHost far{net, "10.0.0.2:1"};
    world.add(far);
    std::vector<std::unique_ptr<tests::RawHost>> backends;
    for (std::size_t i = 0; i < backend_count; i++) {
        const std::string text = "10.1.0.1:" + std::to_string(10'000 + i);
        const core::Address address = core::Address::parse(text).value();
        config.groups[0].backends.push_back({.address = address});
        backends.push_back(std::make_unique<tests::RawHost>(net, text));
        backends.back()->listen(address);
        world.add(*backends.back());
    }
    const core::Address address = core::Address::parse("10.0.0.1:80").value();
    ShardHost host{net, address, config};
    world.add(host);

    tests::SimPeer& client = far.connect(address);
    for (std::size_t i = 0; i < backend_count; i++) {
        client.received.clear();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        run_for(std::chrono::milliseconds(5));
        for (const auto& backend : backends) {
            for (const auto& peer : backend->peers) {
                if (peer->received.empty()) continue;
                peer->received.clear();
                peer->send("HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
        run_for(std::chrono::milliseconds(5));
        ASSERT_EQ(client.received, "HTTP/1.1 204 No Content\r\n\r\n") << "request " << i;
    }
    EXPECT_EQ(host.shard.upstreams().idle_count(), backend_count);

    host.shard.end_now();
    host.io().waker().wake();
    EXPECT_TRUE(until([&] {
        bool all_done = host.shard.is_finished() && far.finish();
        for (const auto& backend : backends) all_done = backend->finish() && all_done;
        return all_done;
    }));
}

}  // namespace
}  // namespace ringway::shards
