// Whose turn it is to open a connection to one backend, where `pool.connects_per_second` bounds how
// many are opened: when another backend dies its share moves here at once, and without a bound as
// many handshakes as there are requests. Who comes too early waits in line, for `wait_max` at most;
// a connection that has become idle meanwhile is as good.
//
// Belongs to the UpstreamPool, on the shard's thread; a backend without a bound has none. Those who
// wait are connections that are not opened yet, linked by their own `previous` and `next`. It only
// says when; what is done then the pool does.
#pragma once

#include <cstdint>

#include "balance/connect_pacer.h"
#include "core/timer_wheel.h"
#include "shards/upstream_connection.h"

namespace ringway::shards {

class ConnectTurns {
public:
    struct Options {
        UpstreamPool& pool;
        std::size_t backend;       // Index in the pool.
        std::uint32_t per_second;  // This shard's part.
        core::Duration wait_max{};
    };
    ConnectTurns(core::TimerWheel& timers, const Options& options);
    ~ConnectTurns();

    // It may be opened now: it counts as opened.
    bool try_take(core::Instant now);
    // It may not, and waits from now on.
    void wait(UpstreamConnection& connection, core::Instant now);
    void leave(UpstreamConnection& connection);
    // A connection is idle: whoever is first may have it.
    void on_idle(core::Instant now);

    UpstreamConnection* first() const { return first_; }
    UpstreamConnection* last() const { return last_; }
    bool is_over(const UpstreamConnection& waiting, core::Instant now) const {
        return waiting.waiting_since + wait_max_ <= now;
    }

private:
    void on_turn() noexcept;
    void arm(core::Instant now);

    core::TimerWheel& timers_;
    UpstreamPool& pool_;
    std::size_t backend_;
    core::Duration wait_max_;
    balance::ConnectPacer pacer_;
    core::TimerOf<ConnectTurns> turn_{*this};
    UpstreamConnection* first_ = nullptr;
    UpstreamConnection* last_ = nullptr;
};

}  // namespace ringway::shards
