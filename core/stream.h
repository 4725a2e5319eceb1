// A connected socket and the only code that closes one. A Stream is embedded in a session or an
// upstream connection, which hears from it through `StreamEvents`, all on the shard's thread and
// always from the loop, never from within a call it made.
//
// Bytes in: `receive` asks for one arrival; the bytes come in a pool buffer and nothing more is
// heard until the next `receive`, which is all the back-pressure TCP needs. When the pool is dry
// the stream waits in its line. Where bytes come faster than they are asked for, a large buffer is
// received into, while there is one: fewer and larger steps. From the second receive on one
// stands: it goes on by itself, and asking again costs nothing. When the owner does not ask again
// from within `on_bytes` it is stopped, and the next receives are single ones; what has come by
// then, a buffer's worth at most, is kept in memory of its own size (`Early`). Bytes out: whatever
// is pushed to `output` goes, in order and with one send in flight, once `flush` was called.
//
// The end is a protocol: `begin_close` → (every operation in flight completes once) →
// `join_close` → close → `on_closed`, the last thing heard; the owner may destroy the stream in
// it. `begin_release` is the other end: it gives the live descriptor away with the bytes that had
// already arrived. Once either has begun, no other event is heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/buffer_pool.h"
#include "core/byte_queue.h"
#include "core/clock.h"
#include "core/completion.h"
#include "core/io.h"
#include "core/result.h"

namespace ringway::core {

class StreamEvents {
public:
    // Only heard by who called `connect`.
    virtual void on_connected() = 0;
    virtual void on_bytes(Buffer bytes) = 0;
    // The peer ended its side (Errc::ended): what is in `output` can still be sent. Or the
    // connection broke, while connecting, reading or writing: heard once, and the owner closes.
    // What the peer said before it broke is heard first, as long as it is asked for: a server that
    // refuses an upload answers, and then resets what still comes.
    virtual void on_stream_failed(const Error& error) = 0;
    // All output has left for the kernel.
    virtual void on_drained() = 0;
    virtual void on_closed() = 0;
    // The answer to begin_release: the descriptor is the owner's, `bytes` had arrived unread.
    virtual void on_released(int fd, Buffer bytes) = 0;

protected:
    ~StreamEvents() = default;
};

class Stream final : private BufferWaiter {
public:
    enum class State : std::uint8_t { unused, connecting, open, closing, releasing, closed };

    struct Options {
        Pool pool;  // Where its bytes land.
        Side side;  // Whose doing its errors are.
    };
    Stream(Io& io, StreamEvents& events, Options options);
    ~Stream();  // REQUIRES: unused or closed.

    // Begins with a connected descriptor. REQUIRES: unused.
    void adopt(int fd);
    // Begins by connecting; on_connected or on_stream_failed follows. An error here means that
    // nothing began. REQUIRES: unused.
    Result<void> connect(const Address& peer);

    // Asks for the next bytes; asking twice is asking once. At most `bulk_bytes_max` come at once,
    // also where they come in bulk; a receive into a small buffer is always allowed.
    void receive(std::size_t bulk_bytes_max = std::numeric_limits<std::size_t>::max());
    // What comes next is small, or long in coming: no large buffer shall wait for it.
    void end_bulk() { receives_bulk_ = false; }
    bool is_receiving() const { return is_asked_; }
    // More has come than was heard: the last receive left it, or found the pool dry, or it is kept.
    bool has_unread() const { return unread_ != Unread::none || early_ != nullptr; }
    // When the bytes being heard came: not now if they had to wait for a buffer.
    Instant arrived_at() const { return arrived_at_; }
    ByteQueue& output() { return output_; }
    const ByteQueue& output() const { return output_; }
    void flush();
    // The same, by an owner that pushes nothing more and ends its output or closes as soon as it
    // hears that all is out: the last of it leaves only then. REQUIRES: nothing pushed after it.
    void flush_last();
    bool is_sending() const { return send_.in_flight(); }
    // False once a send has failed, which is heard only when there is no more to be received.
    bool can_send() const { return sending_ != Sending::broken; }
    // How many bytes the peer has taken, or, where that cannot be told, the kernel: modulo 2^32,
    // and only differences mean something. REQUIRES: open.
    std::uint32_t taken() const;
    // The peer sees our end of stream once the output is empty. REQUIRES: output().empty().
    void end_output();

    // Also ends a release whose answer has not come.
    void begin_close();
    // The same, but the peer sees a reset: it cannot take what came so far for the whole.
    void begin_reset();
    // Stops receiving and gives the descriptor away. REQUIRES: open, output().empty().
    void begin_release();

    State state() const { return state_; }
    bool is_open() const { return state_ == State::open; }
    int fd() const { return fd_; }
    Io& io() const { return io_; }

private:
    enum class Hearing : std::uint8_t { goes_on, ended, failed };
    enum class Sending : std::uint8_t { goes_on, ends_behind_output, broken };
    enum class Unread : std::uint8_t { none, left, starved };  // Starved since arrived_at_.

    // What a receive that stands brought unasked.
    struct Early {
        explicit Early(Stream& stream) : telling(stream) {}
        std::vector<std::byte> bytes;
        int error = 0;       // Behind the bytes; the kernel tells of it only once.
        Op<Stream> telling;  // Somebody asks now, and hears from the loop.
    };

    void on_connect_done(Outcome outcome) noexcept;
    void begin_receive(std::size_t bulk_bytes_max);
    bool try_receive_bulk(std::size_t bytes_max);
    void on_received(Outcome outcome) noexcept;
    void on_bulk_received(Outcome outcome) noexcept;
    void on_arrived(Outcome outcome, Buffer bytes);
    void hand_over(Buffer bytes);
    void stop_standing();
    void keep(Outcome outcome, const Buffer& bytes);
    void on_yielded(Outcome outcome) noexcept;
    void tell_early();
    Buffer try_take_early();
    void on_sent(Outcome outcome) noexcept;
    void on_close_done(Outcome outcome) noexcept;
    void on_buffers_back() noexcept override;
    void fail_to_send(int sys, Errc code);
    void fail(int sys, Errc code);
    bool is_joined() const;
    void join_close();
    void join_release(Buffer bytes);

    // Set at construction.
    Io& io_;
    StreamEvents& events_;
    Options options_;

    State state_ = State::unused;
    bool is_asked_ : 1 = false;       // For the next bytes.
    bool receives_bulk_ : 1 = false;  // The last receive was filled and left bytes behind.
    Hearing hearing_ = Hearing::goes_on;
    Sending sending_ = Sending::goes_on;
    std::uint8_t singles_ = 1;  // Receives until one stands.
    Unread unread_ = Unread::none;
    int fd_ = -1;
    std::uint32_t sent_ = 0;  // Bytes that left, modulo 2^32.
    Instant arrived_at_{};
    ByteQueue output_;
    BufferSlot* bulk_ = nullptr;  // Lent to a receive of bulk.
    std::unique_ptr<Early> early_;
    // A connect and the final close use the send's slot: they never overlap with a send.
    Op<Stream> receive_{*this};
    Op<Stream> send_{*this};
};

}  // namespace ringway::core
