// One core's share of the machine: its listeners, its client connections, its exchanges and its
// pool of backend connections, all in its own memory and touched by its own thread alone. What it
// knows of the others comes through its Mailbox, and what load they put on backends through its
// LoadSnapshots.
//
// A Shard does not know whether it runs on a thread of its own: `tick` does one round of the loop,
// so the simulator runs eight of them in one thread on a network in memory. Time comes from the
// Io's clock, randomness from the seed.
//
// Memory is sized once, from the configuration (the sums begin shard.cc), and touched as needed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "core/io.h"
#include "core/slab.h"
#include "core/timer_wheel.h"
#include "http/context.h"
#include "http/exchange.h"
#include "http/h1_session.h"
#include "http/router.h"
#include "shards/listener.h"
#include "shards/mailbox.h"
#include "shards/tcp_relay.h"
#include "shards/upstream_pool.h"

namespace ringway::shards {

class Shard final : private core::SleepGate,
                    private ListenerOwner,
                    private http::SessionOwner,
                    private http::Tunnels,
                    private RelayOwner {
public:
    enum class State : std::uint8_t { running, shutting_down, finished };

    // One writer: the shard.
    struct Counters {
        core::Counter clients_accepted;
        core::Counter clients_closed;
        core::Counter tunnels;
    };

    struct Options {
        core::ShardId id;
        std::uint32_t shard_count = 1;
        const config::Config& config;
        core::Io& io;
        Mailbox& mailbox;
        LoadMesh* load_mesh = nullptr;  // Null: it is the only shard, or is to know of no other.
        const GroupTables* tables = nullptr;  // Null: it makes its own.
        std::uint64_t seed = 0;
        // Request ids begin here: no two shards of any two processes may have the same.
        std::uint64_t request_id_seed = 0;
        http::AccessLog* access_log = nullptr;  // Null: requests are not logged.
        // What this shard's descriptor table may hold.
        std::uint32_t descriptors_max = 1'048'576;
    };
    explicit Shard(const Options& options);
    ~Shard();  // REQUIRES: finished.

    // The shard owns the descriptor. `arrival` outlives the shard's connections with it.
    void listen(int fd, http::Arrival arrival);
    // The only way in for a client: accepted here or handed over.
    void adopt(int fd, core::Buffer first_bytes, const http::Arrival& arrival);

    // One round: what completed, what is due, what others said. Sleeps when there is nothing.
    void tick();

    // Stops accepting; what is under way is finished, what is idle ends.
    void begin_shutdown();
    // Ends everything that is left, without waiting for it to finish.
    void end_now();
    // True when nothing is left: no connection, no operation in flight.
    bool is_finished() const { return state_ == State::finished; }

    State state() const { return state_; }
    std::uint32_t client_count() const { return sessions_.size() + relays_.size(); }
    std::uint32_t tunnel_count() const { return relays_.size(); }
    std::uint32_t exchange_count() const { return exchanges_.size(); }
    const UpstreamPool& upstreams() const { return upstreams_; }
    const Counters& counters() const { return counters_; }
    // The table must not outlive the shard.
    void name_metrics(core::MetricTable& table) const;
    const http::Counters& http_counters() const { return http_counters_; }
    const core::TimerWheel& timers() const { return timers_; }
    std::uint32_t clients_max() const { return clients_max_; }

private:
    // core::SleepGate
    bool may_sleep() noexcept override { return mailbox_.may_sleep(); }
    void on_awake() noexcept override { mailbox_.on_awake(); }
    // ListenerOwner
    void on_accepted(Listener& listener, int fd) override;
    bool has_room() const override;
    void on_listener_closed(Listener& listener) override;
    // http::SessionOwner
    void on_session_closed(http::H1Session& session) override;

    // http::Tunnels
    http::TunnelEnds* try_open(core::BackendId backend) override;
    // RelayOwner
    void on_relay_closed(TcpRelay& relay) override;

    void read_mail();
    void relieve_dry_pools();
    void on_relief_due() noexcept;
    void finish_if_done();
    void resume_listeners();
    std::uint32_t descriptors_used() const;

    // Set at construction.
    const config::Config& config_;
    core::Io& io_;
    Mailbox& mailbox_;
    core::ShardId id_;
    std::uint32_t clients_max_;
    std::uint32_t descriptors_max_;

    State state_ = State::running;
    Counters counters_;
    http::Counters http_counters_;
    http::FieldTable field_table_;
    core::BufferPool small_buffers_;
    core::BufferPool large_buffers_;
    core::TimerWheel timers_;
    http::Context context_;
    http::Router router_;
    std::optional<LoadSnapshots> snapshots_;
    UpstreamPool upstreams_;
    http::Exchanges exchanges_;
    core::Slab<http::H1Session> sessions_;
    core::Slab<TcpRelay> relays_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    core::TimerOf<Shard> relief_{*this};  // When a pool was dry.
    bool upstream_was_dry_ = false;       // Since the last relief.
    bool client_was_dry_ = false;
};

}  // namespace ringway::shards
