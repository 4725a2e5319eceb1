// Everything a shard asks of the kernel about sockets, in about ten operations. `UringIo` is the
// engine; `SimIo` (tests/sim) is a network in memory with faults; an epoll engine may follow, so
// the interface stays this narrow. One Io belongs to one thread; only `Waker::wake` may be called
// from another.
//
// Promises, each a test in tests/core/io_contract*_test.cc:
//  1. An operation started here delivers its last outcome exactly once, from `run_once`, never from
//     inside the call that started it; whatever happens to the socket meanwhile.
//  2. A handler may start further operations, also on the completion that just ended.
//  3. A cancel is a hint. Its victim still completes once, with any result.
//  4. `receive` holds no buffer while it waits; with bytes there and the pool dry it ends with
//     -ENOBUFS and the bytes stay in the socket. An end of stream may hide behind -ENOBUFS.
//  5. `send` is all or nothing worth: a result short of the whole means the peer is gone.
//  6. `close` with other operations in flight on the descriptor is a broken invariant of the
//     caller's; `shutdown` makes those operations complete.
//  7. A descriptor whose operations were cancelled and have completed is intact: bytes that
//     arrived are in the outcome or still in the socket (release of a live descriptor).
//  8. What `send_last` sent arrives with the end that its caller brings about, and perhaps not
//     before. A close with bytes unread is a reset, and loses it.
//  9. A receive that stands keeps promises 1, 3, 4 and 7, with several outcomes: each brings what
//     arrived, in order. It ends by itself, so that all it brings fits into one buffer, and may end
//     with any outcome, also with its first: an engine that cannot bound it does that. No two come
//     from one `run_once`: what the first made its owner start is handed over before the second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/address.h"
#include "core/clock.h"
#include "core/completion.h"
#include "core/result.h"

namespace ringway::core {

class BufferPool;

// Bytes that lie in several places, in order.
using Part = std::span<const std::byte>;
inline constexpr std::size_t send_parts_max = 8;

// A receive that stands ends once it has brought so many, and no arrival of it is larger than what
// is then left of a buffer.
constexpr std::uint32_t standing_bytes(std::uint32_t buffer_bytes) {
    return buffer_bytes / 4;
}

// Clients' bytes and backends' bytes land in different pools, so that a flood of requests can
// never keep answers from being read.
enum class Pool : std::uint8_t { client, upstream };

// Ends the sleep of a shard from another thread.
class Waker {
public:
    virtual void wake() noexcept = 0;

protected:
    ~Waker() = default;
};

// Asked by the engine just before it would block, and told after it did. The shard sets its
// sleeping flag in `may_sleep` and looks into its mailboxes once more.
class SleepGate {
public:
    virtual bool may_sleep() noexcept = 0;
    virtual void on_awake() noexcept = 0;

protected:
    ~SleepGate() = default;
};

class Io {
public:
    Io() = default;
    Io(const Io&) = delete;
    virtual ~Io() = default;

    // A non-blocking-in-effect TCP or UNIX stream socket that can be connected to `peer`, with our
    // socket options set.
    virtual Result<int> open_socket(const Address& peer) = 0;
    virtual Result<Address> peer_address(int fd) = 0;
    // Both directions end; what is in flight on `fd` completes.
    virtual void shutdown(int fd) noexcept = 0;
    // The same, but the peer sees a reset, which nobody takes for the end of what was said. A UNIX
    // socket knows no such thing: there it is a shutdown.
    virtual void reset(int fd) noexcept = 0;
    // The peer sees our end of stream; receiving goes on (half-close, lingering close).
    virtual void shutdown_send(int fd) noexcept = 0;
    // Bytes sent on `fd` that the peer's kernel has not acknowledged (SIOCOUTQ). 0 for a UNIX
    // socket, which counts its memory and not the bytes.
    virtual std::size_t unacknowledged(int fd) noexcept = 0;
    // Bytes that it has acknowledged since the connection began, or about so: only differences mean
    // something. Nothing for a UNIX socket.
    virtual std::optional<std::uint64_t> acknowledged(int fd) noexcept = 0;

    // Multishot: an outcome per accepted descriptor, until one without `more`.
    virtual void accept(Completion& completion, int listen_fd) = 0;
    // `peer` need not outlive the call.
    virtual void connect(Completion& completion, int fd, const Address& peer) = 0;
    virtual void receive(Completion& completion, int fd, Pool pool) = 0;
    // Multishot: an outcome per arrival, until one without `more`. Meanwhile nobody else receives.
    virtual void receive_standing(Completion& completion, int fd, Pool pool) = 0;
    virtual void receive_into(Completion& completion, int fd, std::span<std::byte> space) = 0;
    virtual void send(Completion& completion, int fd, std::span<const std::byte> bytes) = 0;
    // As `send`, of at most `send_parts_max` parts, none of them empty, as if they lay in one
    // place. `parts` itself need not outlive the call.
    virtual void send_parts(Completion& completion, int fd, std::span<const Part> parts) = 0;
    // As `send`, by who closes, or ends his side, as soon as it has completed: bytes and end leave
    // together.
    virtual void send_last(Completion& completion, int fd, std::span<const std::byte> bytes) = 0;
    // One outcome, 0, with the next `run_once`: for who has something to say from the loop.
    virtual void yield(Completion& completion) = 0;
    // One outcome when `fd` has one of `events` (POLLIN ...). For what has no operation here.
    virtual void poll(Completion& completion, int fd, unsigned events) = 0;
    virtual void close(Completion& completion, int fd) = 0;
    // REQUIRES: victim.in_flight().
    virtual void cancel(Completion& victim) = 0;
    // Reserved for datagrams with control bytes (UDP mode): receive_message, send_message.

    // One tick: hands over what was started, delivers what completed. With nothing to deliver it
    // sleeps until something completes, `until` passes or a wake comes, if the gate lets it.
    virtual void run_once(Instant until, SleepGate& gate) = 0;
    // Read once per tick.
    virtual const Clock& clock() const = 0;
    virtual BufferPool& pool(Pool pool) = 0;
    // Large buffers for connections in the middle of a bulk transfer; few, and none is waited for.
    virtual BufferPool& bulk_pool() = 0;
    virtual Waker& waker() = 0;
    // Operations in flight, multishot ones included: 0 when everything was joined.
    virtual std::size_t in_flight() const = 0;
};

}  // namespace ringway::core
