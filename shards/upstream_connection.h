// One connection of a shard to one backend: an HTTP/1 client and its place in the pool. Made,
// owned and destroyed by the UpstreamPool of its shard, on the shard's thread. It decides nothing:
// what its client says it passes on to the pool, which alone writes the state below. In the idle
// list, or in line for a turn to connect, it is listed once at most.
#pragma once

#include "core/clock.h"
#include "http/h1_client.h"
#include "http/upstreams.h"

namespace ringway::shards {

class UpstreamPool;

class UpstreamConnection final : private http::H1ClientOwner {
public:
    enum class Use : std::uint8_t {
        waiting,  // For its turn to connect, in its backend's ConnectTurns.
        connecting,
        idle,  // In its backend's list.
        lent,  // To an exchange.
        ending,
    };

    struct Options {
        UpstreamPool& pool;
        std::size_t backend;  // Index in the pool.
        const http::UpstreamTimeouts& timeouts;
    };
    UpstreamConnection(http::Context& context, const Options& options);

    http::H1Client& client() { return client_; }
    const http::H1Client& client() const { return client_; }
    std::size_t backend() const { return backend_; }

    // Written by the pool alone.
    Use use = Use::connecting;
    UpstreamConnection* previous = nullptr;  // In the idle list, or in line for a turn.
    UpstreamConnection* next = nullptr;
    core::Instant connected_at;
    core::Instant idle_since;
    core::Instant waiting_since;
    // While it waits and connects: for whom. Null when they gave up waiting.
    http::UpstreamWaiter* waiter = nullptr;
    http::ResponseSink* response = nullptr;
    bool sets_cookie = false;
    float asked_among = 0;       // So many in flight at its backend: see GroupBalancer::learn.
    bool is_idempotent = false;  // What it waits with.
    bool fresh_only = false;

private:
    void on_client_connected(http::H1Client& client) override;
    void on_client_unreachable(http::H1Client& client, const core::Error& error) override;
    void on_client_idle(http::H1Client& client) override;
    void on_client_ending(http::H1Client& client) override;
    void on_client_closed(http::H1Client& client) override;

    UpstreamPool& pool_;
    std::size_t backend_;
    http::H1Client client_;
};

}  // namespace ringway::shards
