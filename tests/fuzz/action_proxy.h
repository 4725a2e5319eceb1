// The whole path of a request (listener, session, exchange, pool of upstreams, tunnels) on a SimIo,
// as shards::Shard puts it together, for a fuzz target to play with. Unlike in a Shard every pool
// and every limit is small, so that few bytes reach it, and each pool can be emptied by hand.
// One per input; used by its one thread. REQUIRES before its end: `finish` returned true.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/config.h"
#include "core/slab.h"
#include "core/timer_wheel.h"
#include "http/context.h"
#include "http/exchange.h"
#include "http/h1_session.h"
#include "http/router.h"
#include "shards/listener.h"
#include "shards/tcp_relay.h"
#include "shards/upstream_pool.h"
#include "tests/sim/sim_world.h"

namespace ringway::fuzz {

inline constexpr std::uint32_t backends_count = 2;
core::Address proxy_address();
core::Address backend_address(std::uint32_t number);

class ActionProxy final : public sim::SimHost,
                          private core::SleepGate,
                          private shards::ListenerOwner,
                          private http::SessionOwner,
                          private http::Tunnels,
                          private shards::RelayOwner {
public:
    enum class Memory : std::uint8_t { receives, answers, small, large, bulk };
    static constexpr std::uint32_t memory_kinds = 5;

    explicit ActionProxy(sim::SimNet& net);

    sim::SimIo& io() override { return io_; }
    void tick() override;

    // Takes every free buffer of a pool, or gives them back.
    void dry_or_refill(Memory kind);
    void refill_all();
    void begin_drain();
    void end_now();
    // Ends what is left. True when nothing is open or in flight any more.
    bool finish();

    // Nobody is served: no connection on either side, but for a client's that was just accepted.
    bool is_at_rest() const;
    // CHECKs what must hold once it is at rest.
    void check_at_rest();
    // ... and once it has finished.
    void check_at_end();

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void on_accepted(shards::Listener& listener, int fd) override;
    bool has_room() const override;
    void on_listener_closed(shards::Listener&) override {}
    void on_session_closed(http::H1Session& session) override;
    http::TunnelEnds* try_open(core::BackendId backend) override;
    void on_relay_closed(shards::TcpRelay& relay) override;
    core::BufferPool& pool_of(Memory kind);

    config::Config config_;
    sim::SimIo io_;
    http::Counters counters_;
    http::FieldTable field_table_;
    core::BufferPool small_buffers_{{.count = 24, .bytes_each = 1'024}};
    // The longest head and what came with its last bytes.
    core::BufferPool large_buffers_{{.count = 6, .bytes_each = 12'288}};
    core::TimerWheel timers_;
    http::Context context_;
    http::ForwardingSettings forwarding_;
    http::Router router_;
    shards::UpstreamPool upstreams_;
    http::Exchanges exchanges_;
    core::Slab<http::H1Session> sessions_;
    core::Slab<shards::TcpRelay> relays_;
    shards::Listener listener_;
    bool is_draining_ = false;
    std::vector<core::Buffer> taken_[memory_kinds];
};

}  // namespace ringway::fuzz
