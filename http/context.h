// What the sessions, clients and exchanges of one shard have in common: lent by the shard, which
// outlives them all. Everything here belongs to the shard's thread.
#pragma once

#include <array>
#include <cstdint>

#include "core/buffer_pool.h"
#include "core/io.h"
#include "core/metrics.h"
#include "core/prng.h"
#include "core/timer_wheel.h"
#include "http/access_log.h"
#include "http/h1_parser.h"
#include "http/settings.h"
#include "http/wall_time.h"

namespace ringway::http {

// One writer each: the shard.
struct Counters {
    core::Counter requests;          // Heads that were accepted.
    core::Counter requests_refused;  // Heads or bodies that were not.
    core::Counter exchanges_finished;
    core::Counter answers_own;  // Made here, not by a backend.
    core::Counter retries;
    core::Counter clients_gone;         // In the middle of an exchange.
    core::Counter exchanges_abandoned;  // That went on without their client.
    core::Counter client_timeouts;
    core::Counter pipelined_over_limit;  // Connections ended for it.
    core::Counter upstream_timeouts;
    core::Counter memory_refusals;  // Connections ended because a pool was dry.
    // How requests ended, by Reason: exchanges and what was refused before there was one.
    std::array<core::Counter, reason_count> reasons;

    core::Counter& of(Reason reason) { return reasons[static_cast<std::size_t>(reason)]; }
};

// What an exchange can take of a body before it must say so, when there is memory.
inline constexpr std::size_t body_window_bytes = 131'072;

struct Context {
    core::Io& io;
    core::TimerWheel& timers;
    const Settings& settings;
    // For heads: small ones usually, large ones up to header_bytes_max and what came with them.
    core::BufferPool& small_buffers;
    core::BufferPool& large_buffers;
    Counters& counters;
    // Where a parse puts its fields. The head that points here is used up before the next parse.
    FieldTable& field_table;
    // Where request ids come from.
    core::Prng prng{0};
    AccessLog* access_log = nullptr;  // Null: nothing is logged.
    WallTime wall_time = {};

    // How far the two sides of an exchange may run ahead of each other, by the pool that its bytes
    // lie in. Where an eighth of it is taken, somebody does not take what he asked for; early and
    // steeply down, so that ten thousand who read slowly hold a buffer each and leave room for
    // others. The least is half a buffer: behind a whole one a receive that leaves a byte of it
    // would be followed by another, into a second buffer.
    std::size_t body_window(core::Pool pool) const {
        const core::BufferPool& buffers = io.pool(pool);
        const std::uint32_t eighths = buffers.free_count() * 8 / buffers.count();
        if (eighths >= 7) return body_window_bytes;
        return eighths == 6 ? body_window_bytes / 4 : buffers.space_each() / 2;
    }
    // For what is nice to have, and no request fails without.
    bool has_buffers_to_spare() const {
        return large_buffers.free_count() >= large_buffers.count() / 2;
    }
    core::Instant now() const { return io.clock().now(); }
    // Of this second; a view until the next call.
    std::string_view http_date() { return wall_time.http_date(io.clock().since_1970()); }
    // The smallest buffer that holds `bytes`, or an empty one when there is none.
    core::Buffer take_buffer(std::size_t bytes) {
        core::Buffer buffer;
        if (bytes <= small_buffers.options().bytes_each) buffer = small_buffers.try_take();
        if (!buffer && bytes <= large_buffers.options().bytes_each) {
            buffer = large_buffers.try_take();
        }
        return buffer;
    }
};

}  // namespace ringway::http
