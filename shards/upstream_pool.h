// A shard's backends and its connections to them: picks a backend for an exchange, lends it the
// connection that became idle last (it is the warmest, and the others may age away), or makes a
// new one. Belongs to the shard's thread; other shards have pools of their own.
//
// Invariants: a connection is connecting, idle, lent or ending; `in_flight` of a backend is the
// number of exchanges that it was chosen for, and of its tunnels; a backend that could not be
// connected to is not picked before a connection to it was made, unless that is true of all: after
// `backoff` the pool tries one for nobody.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/metrics.h"
#include "core/slab.h"
#include "http/context.h"
#include "http/failed_backends.h"
#include "http/upstreams.h"
#include "shards/connect_turns.h"
#include "shards/group_balancer.h"
#include "shards/idle_limit.h"
#include "shards/load_snapshots.h"
#include "shards/upstream_connection.h"

namespace ringway::shards {

class UpstreamPool final : public http::Upstreams {
public:
    // One writer: the shard.
    struct Counters {
        core::Counter connects;
        core::Counter connects_failed;
        core::Counter connects_paced;  // That waited for their turn.
        core::Counter reuses;
        core::Counter over_limit;  // No place for another connection.
        core::Counter worn_out;    // As many requests or as old as allowed; retired for it.
        core::Counter backoffs;
        core::Counter ended_idle;  // By their backend, while idle.
        core::Counter retired;     // By us: old, much used, or about to be ended by their backend.
    };

    struct Options {
        const config::Config& config;
        std::uint32_t connections_max;
        std::uint64_t seed;  // Of what is drawn, and where round robin begins.
        std::uint32_t shard = 0;
        std::uint32_t shard_count = 1;
        LoadSnapshots* snapshots = nullptr;   // Null: there are no other shards.
        const GroupTables* tables = nullptr;  // Null: each group makes its own.
    };
    UpstreamPool(http::Context& context, const Options& options);

    void acquire(const http::Selection& selection, http::UpstreamWaiter& waiter,
                 http::ResponseSink& response) override;
    void cancel(http::UpstreamWaiter& waiter) override;
    std::string_view backend_name(core::BackendId backend) const override {
        return backends_[backend.value].name;
    }
    std::string_view write_cookie(core::BackendId backend, std::span<char> space) const override;

    // A tunnel is work for its backend as long as it lives, though no connection of the pool's.
    void begin_tunnel(core::BackendId backend) { count_tunnel(backend, 1); }
    void end_tunnel(core::BackendId backend) { count_tunnel(backend, -1); }
    const http::UpstreamTimeouts& timeouts(core::BackendId backend) const {
        return *backends_[backend.value].timeouts;
    }

    // For when memory is short: see H1Client::end_if_stalled.
    void end_stalled();
    // Idle connections end now, lent ones when they are given back.
    void begin_shutdown();
    // All end now; exchanges hear of a failure.
    void close_all();

    std::uint32_t connection_count() const { return connections_.size(); }
    std::uint32_t idle_count() const;
    std::uint32_t in_flight(core::BackendId backend) const {
        const Backend& asked = backends_[backend.value];
        return asked.balancer->load().own_in_flight(asked.index);
    }
    const std::deque<GroupBalancer>& balancers() const { return balancers_; }
    std::size_t backend_count() const { return backends_.size(); }
    core::Duration learned_idle(core::BackendId backend) const {
        return backends_[backend.value].idle_limit.learned(context_.now());
    }
    // The same in milliseconds, as of the last time it was told of a connection's end.
    const core::Gauge& learned_idle_gauge(core::BackendId backend) const {
        return learned_idle_[backend.value];
    }
    const Counters& counters() const { return counters_; }

private:
    friend class ConnectTurns;
    friend class UpstreamConnection;

    static constexpr core::Duration backoff = std::chrono::seconds(1);
    // A request that must not be repeated is not entrusted to a connection that its backend may be
    // about to end.
    static constexpr core::Duration unrepeatable_idle_max = std::chrono::milliseconds(500);

    struct Backend {
        core::BackendId id;
        core::Address address;
        std::string name;  // The address as text.
        const http::UpstreamTimeouts* timeouts;
        const http::PoolSettings* settings;
        std::uint32_t connections_max;  // This shard's part; 0: no limit.
        GroupBalancer* balancer;        // Its group's.
        std::size_t index;              // In its group.
        ConnectTurns* turns = nullptr;  // Where connections are opened at a bounded rate.
        IdleLimit idle_limit{};
        UpstreamConnection* idle_first = nullptr;
        std::uint32_t idle = 0;
        std::uint32_t tunnels = 0;
        std::uint32_t connections = 0;  // Waiting for their turn, connecting, idle or lent.
    };
    // Nothing when all that there are have as many connections as they may.
    std::optional<GroupBalancer::Choice> choose(const http::Selection& selection);
    UpstreamConnection* take_idle(Backend& backend, const http::Selection& selection);
    struct Loan {
        http::UpstreamWaiter& waiter;
        http::ResponseSink& response;
        bool sets_cookie = false;
    };
    void connect(Backend& backend, const http::Selection& selection, const Loan& loan);
    void knock(Backend& backend);
    core::Result<UpstreamConnection*> place(Backend& backend);
    core::Result<void> open(UpstreamConnection& connection);
    static bool has_line(const Backend& backend);
    // Those whose turn it is, or whose time is over. Says what time it is.
    core::Instant serve_turns(std::size_t backend);
    bool serve_turn(Backend& backend, UpstreamConnection& waiting);
    http::UpstreamWaiter& withdraw(UpstreamConnection& waiting);
    void send_away_waiting(Backend& backend, const core::Error& error);
    void lend(UpstreamConnection& connection, const Loan& loan, bool is_reused);
    void decline(Backend& backend, http::UpstreamWaiter& waiter, const core::Error& error);
    void keep_idle(UpstreamConnection& connection);
    bool may_carry(const UpstreamConnection& connection, const http::Selection& selection) const;
    static void count_place(Backend& backend);
    bool is_worn_out(const UpstreamConnection& connection) const;
    void limit_idle_time(UpstreamConnection& connection);
    void count_tunnel(core::BackendId backend, int change);
    void show_learned_idle(core::BackendId backend);
    void unlink_idle(UpstreamConnection& connection);

    void on_connected(UpstreamConnection& connection);
    void on_unreachable(UpstreamConnection& connection, const core::Error& error);
    void on_idle(UpstreamConnection& connection);
    void on_ending(UpstreamConnection& connection);
    void on_closed(UpstreamConnection& connection);

    http::Context& context_;
    std::uint32_t idle_max_;
    std::vector<Backend> backends_;
    std::deque<core::Gauge> learned_idle_;  // By backend; a deque, because a gauge does not move.
    std::deque<GroupBalancer> balancers_;   // By group; a deque, because snapshots point to them.
    std::vector<std::size_t> first_;        // By group: its first backend; they are consecutive.
    LoadSnapshots* snapshots_;
    std::deque<ConnectTurns> turns_;  // A deque, because backends point to them.
    core::Slab<UpstreamConnection> connections_;
    bool is_shutting_down_ = false;
    Counters counters_;
};

}  // namespace ringway::shards
