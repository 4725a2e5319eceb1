// One Shard on a simulated host, between raw peers: clients that a test connects, and backends
// that it plays by hand, byte for byte. `configure` changes the configuration before the shard is
// made by `start`. Whatever a test did, at its end the shard finishes and has nothing left.
// One fixture per test, in one thread, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "shards/shard.h"
#include "tests/support/sim_bench.h"
#include "tests/support/sim_peer.h"

namespace ringway::shards {

class ShardHost final : public sim::SimHost {
public:
    ShardHost(sim::SimNet& net, const config::Config& config)
        : io_(net, {.host = config.listens.front().address}),
          mesh_(2),
          mailbox_(mesh_, 0),
          shard({.id = {0}, .config = config, .io = io_, .mailbox = mailbox_, .seed = 1}) {
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
    void start() {
        host.emplace(net, config);
        world.add(*host);
    }
    void TearDown() override {
        host->shard.end_now();
        EXPECT_TRUE(until([this] {
            const bool far_is_done = far.finish();
            const bool backend_is_done = backend.finish();
            return host->shard.is_finished() && far_is_done && backend_is_done;
        }));
        EXPECT_EQ(host->io().open_descriptors(), 0U);
        EXPECT_EQ(host->shard.upstreams().in_flight({0}), 0U);
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
    std::optional<ShardHost> host;
};

}  // namespace ringway::shards
