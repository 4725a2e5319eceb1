// Where an Exchange gets its backend connection from. The shard implements it: eligibility, the
// balancer's pick, a pooled connection or a new one. The exchange waits with an `UpstreamWaiter`
// embedded in it; exactly one of its two ends is called per acquire, unless cancelled first, and
// it may be called from within `acquire` when a pooled connection is at hand.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/ids.h"
#include "core/packed_address.h"
#include "core/result.h"
#include "http/message.h"
#include "http/upstream_side.h"

namespace ringway::http {

struct Selection {
    core::GroupId group;
    Method method = Method::other;
    bool is_idempotent = false;
    // Those that failed this request, the last one at the end, at most FailedBackends::count_max:
    // not picked again while another is eligible.
    std::span<const core::BackendId> failed;
    bool fresh_only = false;  // No pooled connection: one has just proved stale.
    // What a backend may be chosen by; like `failed` they live as long as the call.
    const RequestHead* head = nullptr;
    const core::PackedAddress* client = nullptr;
};

struct Pick {
    UpstreamSide* upstream = nullptr;
    core::BackendId backend;
    bool is_reused = false;
    bool sets_cookie = false;  // The client is to be told which backend it was: write_cookie.
};

// Why there is no connection.
struct Unavailable {
    core::Error error;
    core::BackendId backend{};  // That could not be reached; meaningless for Errc::unavailable.
    // It refused, and there is somebody who has not.
    bool others_remain = false;
};

class UpstreamWaiter {
public:
    virtual void on_upstream_ready(const Pick& pick) = 0;
    virtual void on_upstream_unavailable(const Unavailable& why) = 0;

    UpstreamWaiter() = default;
    UpstreamWaiter(const UpstreamWaiter&) = delete;

    // For the implementation: what it is doing for this waiter, null when nothing.
    void* pending = nullptr;

protected:
    ~UpstreamWaiter() { CHECK(pending == nullptr); }
};

class Upstreams {
public:
    // `response` is who hears from the connection once it is lent.
    virtual void acquire(const Selection& selection, UpstreamWaiter& waiter,
                         ResponseSink& response) = 0;
    virtual void cancel(UpstreamWaiter& waiter) = 0;
    // Its address as configured; lives as long as the generation.
    virtual std::string_view backend_name(core::BackendId backend) const = 0;
    // The value of a Set-Cookie that keeps the client with that backend. REQUIRES: a pick asked for
    // it; space of StickyCookie::text_max.
    virtual std::string_view write_cookie(core::BackendId backend, std::span<char> space) const = 0;

protected:
    ~Upstreams() = default;
};

}  // namespace ringway::http
