// One Shard on a simulated host (or several, which share its address), between raw peers: clients
// that a test connects, and backends that it plays by hand, byte for byte. `configure` changes the
// configuration before the shard is made by `start`. Whatever a test did, at its end the shard
// finishes and has nothing left. One fixture per test, in one thread, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shards/shard.h"
#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::shards {

class ShardHost final : public sim::SimHost {
public:
    ShardHost(sim::SimNet& net, const config::Config& config, std::uint32_t number = 0)
        : io_(net, {.host = config.listens.front().address}),
          mesh_(2),
          mailbox_(mesh_, 0),
          shard({.id = {number},
                 .shard_count = config.shards.count.value(),
                 .config = config,
                 .io = io_,
                 .mailbox = mailbox_,
                 .seed = 1}) {
        shard.listen(io_.listen(config.listens.front().address), {.port = "80"});
    }
    sim::SimIo& io() override { return io_; }
    void tick() override { shard.tick(); }

private:
    sim::SimIo io_;
    Mesh mesh_;
    Mailbox mailbox_;

public:
    Shard shard;
};

class ShardTest : public testing::Test, protected tests::SimBench {
protected:
    ShardTest() {
        config.shards.count = 1;
        config.limits.connections = 100;
        config.limits.upstream_idle = 16;
        config.listens.push_back({.name = "web", .address = address});
        config.groups.push_back({.name = "group",
                                 .backends = {{.address = backend_address}},
                                 .timeout = {},
                                 .retry = {}});
        backend.listen(backend_address);
        world.add(far);
        world.add(backend);
    }
    // After the test has changed `config`.
    void start(std::uint32_t shard_count = 1) {
        config.shards.count = shard_count;
        for (std::uint32_t i = 0; i < shard_count; i++) {
            hosts.push_back(std::make_unique<ShardHost>(net, config, i));
            world.add(*hosts.back());
        }
        host = hosts.front().get();
    }
    void TearDown() override {
        for (const auto& each : hosts) each->shard.end_now();
        EXPECT_TRUE(until([this] {
            const bool far_is_done = far.finish();
            const bool backend_is_done = backend.finish();
            return far_is_done && backend_is_done && are_finished();
        }));
        for (const auto& each : hosts) {
            EXPECT_EQ(each->io().open_descriptors(), 0U);
            EXPECT_EQ(each->shard.upstreams().in_flight({0}), 0U);
        }
    }
    bool are_finished() const {
        return std::ranges::all_of(hosts,
                                   [](const auto& each) { return each->shard.is_finished(); });
    }

    tests::SimPeer& connect(std::string_view bytes) {
        tests::SimPeer& client = far.connect(address);
        client.send(bytes);
        return client;
    }
    // The connection that the shard made last.
    tests::SimPeer& asked() { return *backend.peers.back(); }

    core::Address address = core::Address::parse("10.0.0.1:80").value();
    core::Address backend_address = core::Address::parse("10.0.0.3:8080").value();
    config::Config config;
    tests::RawHost far{net, "10.0.0.2:1"};
    tests::RawHost backend{net, "10.0.0.3:8080"};
    std::vector<std::unique_ptr<ShardHost>> hosts;
    ShardHost* host = nullptr;  // The first.
};

}  // namespace ringway::shards
