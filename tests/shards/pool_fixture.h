// An UpstreamPool on a simulated host before raw backends that the test plays. `Asking` is who asks
// it for a connection and then uses it, as an exchange would, and writes down what it hears.
// Whatever a test did, at its end no connection, buffer, timer or operation is left.
// One fixture per test, in one thread, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shards/upstream_pool.h"
#include "tests/http/client_fixture.h"

namespace ringway::shards::fakes {

inline http::Selection repeatable() {
    http::Selection selection;
    selection.is_idempotent = true;
    return selection;
}
// `failed` outlives what is returned.
inline http::Selection behind(std::span<const core::BackendId> failed) {
    http::Selection selection = repeatable();
    selection.failed = failed;
    return selection;
}

class Asking final : public http::UpstreamWaiter {
public:
    void on_upstream_ready(const http::Pick& given) override {
        EXPECT_FALSE(is_answered()) << "one answer per question";
        pick = given;
    }
    void on_upstream_unavailable(const http::Unavailable& why) override {
        EXPECT_FALSE(is_answered()) << "one answer per question";
        error = why.error;
        failed_backend = why.backend;
        others_remain = why.others_remain;
    }
    bool is_answered() const { return pick.has_value() || error.has_value(); }
    // Of the connection it was lent.
    void ask() {
        const tests::ParsedRequest head = tests::parse_request("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
        pick->upstream->send_head(head.head, {});
        pick->upstream->end_request();
    }

    std::optional<http::Pick> pick;
    std::optional<core::Error> error;
    core::BackendId failed_backend;
    bool others_remain = false;
    http::fakes::Heard heard;
};

class PoolHost final : public sim::SimHost, private core::SleepGate {
public:
    PoolHost(sim::SimNet& net, const config::Config& config, std::uint32_t connections_max)
        : io_(net, {.host = core::Address::parse("10.0.0.1:1").value()}),
          pool(context_, {.config = config, .connections_max = connections_max, .seed = 0}) {}

    sim::SimIo& io() override { return io_; }
    void tick() override {
        io_.run_once(timers_.next_deadline(), *this);
        timers_.advance(io_.clock().now());
        io_.pool(core::Pool::upstream).resume_waiters();
    }

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}

    sim::SimIo io_;
    core::TimerWheel timers_{io_.clock().now()};
    http::Settings settings_;
    http::FieldTable field_table_;

public:
    core::BufferPool small{{.count = 64, .bytes_each = 4'096}};
    core::BufferPool large{{.count = 4, .bytes_each = 65'536}};
    http::Counters counters;

private:
    http::Context context_{.io = io_,
                           .timers = timers_,
                           .settings = settings_,
                           .small_buffers = small,
                           .large_buffers = large,
                           .counters = counters,
                           .field_table = field_table_};

public:
    UpstreamPool pool;
};

class PoolTest : public testing::Test, protected tests::SimBench {
protected:
    // `listening` of the backends accept connections; the others refuse them.
    void make(std::size_t backend_count, std::size_t listening,
              std::uint32_t connections_max = 64) {
        config.groups.resize(1);
        for (std::size_t i = 0; i < backend_count; i++) {
            const auto address =
                core::Address::parse("10.0.1." + std::to_string(i + 1) + ":80").value();
            config.groups[0].backends.push_back({.address = address});
            backends.push_back(std::make_unique<tests::RawHost>(net, address.text()));
            world.add(*backends.back());
            if (i < listening) backends.back()->listen(address);
        }
        host.emplace(net, config, connections_max);
        world.add(*host);
    }
    void TearDown() override {
        act([this] { host->pool.close_all(); });
        EXPECT_TRUE(until([this] {
            bool all_done = host->io().in_flight() == 0;
            for (const auto& backend : backends) all_done = backend->finish() && all_done;
            return all_done;
        }));
        EXPECT_EQ(host->pool.connection_count(), 0U);
        EXPECT_EQ(host->pool.idle_count(), 0U);
        for (std::uint32_t i = 0; i < backends.size(); i++) {
            EXPECT_EQ(host->pool.in_flight({i}), 0U);
        }
        EXPECT_EQ(host->small.free_count(), host->small.count());
    }

    // In the host's time: it is woken before and after, as by a tick around it.
    template <class Do>
    void act(Do&& work) {
        host->io().waker().wake();
        run_for(std::chrono::milliseconds(1));
        work();
        host->io().waker().wake();
        run_for(std::chrono::milliseconds(1));
    }
    Asking& acquire(const http::Selection& selection = repeatable()) {
        askings.push_back(std::make_unique<Asking>());
        Asking& asking = *askings.back();
        act([&] { host->pool.acquire(selection, asking, asking.heard); });
        settle();
        return asking;
    }
    // Asks, is answered with `head`, and gives the connection back.
    void use(Asking& asking, std::string_view head = "HTTP/1.1 204 No Content\r\n\r\n") {
        ASSERT_TRUE(asking.pick.has_value());
        tests::RawHost& backend = *backends[asking.pick->backend.value];
        for (const auto& peer : backend.peers) peer->received.clear();
        act([&] { asking.ask(); });
        settle();
        for (const auto& peer : backend.peers) {
            if (!peer->received.empty()) peer->send(head);
        }
        settle();
        EXPECT_TRUE(asking.heard.ended);
    }
    Asking& acquire_and_use(const http::Selection& selection = repeatable()) {
        Asking& asking = acquire(selection);
        use(asking);
        return asking;
    }

    config::Config config;
    std::vector<std::unique_ptr<tests::RawHost>> backends;
    std::vector<std::unique_ptr<Asking>> askings;
    std::optional<PoolHost> host;
};

}  // namespace ringway::shards::fakes
