// Io on io_uring, one ring per shard: made on the shard's thread and used by it alone
// (SINGLE_ISSUER | DEFER_TASKRUN; the kernel runs our completions only while we are inside
// io_uring_enter, so nothing ever interrupts a handler). core/README.md, "The engine", has the
// measurements behind each choice; the kernel floor is 6.1.
//
// Invariants: every operation's Completion is in flight exactly while the kernel may still answer
// it; no operation is lost when the submission queue is full (it is submitted and retried) or the
// completion queue overflows (the kernel keeps the rest and `harvest` fetches it); a buffer in a
// receive ring is `lent`, and one that leaves the ring is replaced before the next enter.
#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <vector>

#include "core/buffer_pool.h"
#include "core/io.h"
#include "core/look_history.h"

namespace ringway::core {

class UringIo final : public Io, private Waker {
public:
    struct Options {
        unsigned submission_entries = 1'024;
        unsigned completion_entries = 8'192;
        // Buffers in each receive ring: at least the completions of a usual tick, and few, because
        // a ring is used first in, first out and should stay in the cache. A power of two.
        std::uint16_t receive_ring_entries = 256;
        BufferPool::Options client_pool{.count = 4'096, .bytes_each = 16'960, .front_room = 576};
        BufferPool::Options upstream_pool{.count = 4'096, .bytes_each = 16'960, .front_room = 576};
        // For receives of bulk; README, "The engine", has what the size is worth.
        BufferPool::Options bulk_pool{.count = 64, .bytes_each = 262'720, .front_room = 576};
        // An eventfd to be woken by, from before this thread had a descriptor table of its own; the
        // caller closes it. -1: the engine makes one.
        int wake_fd = -1;
        // How long to look for completions before sleeping, while looking pays; 0: never.
        Duration look_max = std::chrono::microseconds(12);
    };

    // Counted by the shard's thread; read by it.
    struct Counts {
        std::uint64_t ticks = 0;
        std::uint64_t completions = 0;
        std::uint64_t sleeps = 0;
        std::uint64_t looks = 0;       // Times we looked before sleeping,
        std::uint64_t looks_paid = 0;  // and something came.
        std::uint64_t queue_full = 0;
        std::uint64_t dry_rings = 0;  // Receives that ended with -ENOBUFS.
    };

    // The error's `sys` is what io_uring said; core/uring_probe.h turns it into advice.
    static Result<std::unique_ptr<UringIo>> make(const Options& options);
    ~UringIo() override;  // REQUIRES: in_flight() == 0.

    Result<int> open_socket(const Address& peer) override;
    Result<Address> peer_address(int fd) override;
    void shutdown(int fd) noexcept override;
    void reset(int fd) noexcept override;
    void shutdown_send(int fd) noexcept override;
    std::size_t unacknowledged(int fd) noexcept override;
    std::optional<std::uint64_t> acknowledged(int fd) noexcept override;

    void accept(Completion& completion, int listen_fd) override;
    void connect(Completion& completion, int fd, const Address& peer) override;
    void receive(Completion& completion, int fd, Pool pool) override;
    void receive_standing(Completion& completion, int fd, Pool pool) override;
    void receive_into(Completion& completion, int fd, std::span<std::byte> space) override;
    void send(Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void send_parts(Completion& completion, int fd, std::span<const Part> parts) override;
    void send_last(Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void yield(Completion& completion) override;
    void poll(Completion& completion, int fd, unsigned events) override;
    void close(Completion& completion, int fd) override;
    void cancel(Completion& victim) override;

    void run_once(Instant until, SleepGate& gate) override;
    const Clock& clock() const override { return clock_; }
    BufferPool& pool(Pool pool) override { return rings_[std::size_t(pool)].pool; }
    BufferPool& bulk_pool() override { return bulk_pool_; }
    Waker& waker() override { return *this; }
    std::size_t in_flight() const override { return in_flight_; }

    const Counts& counts() const { return counts_; }

private:
    // A pool and the ring of its buffers that the kernel may pick from.
    struct ReceiveRing {
        ReceiveRing(const BufferPool::Options& options, std::uint16_t ring_entries)
            : pool(options), entries(ring_entries), missing(ring_entries) {}
        BufferPool pool;
        io_uring_buf_ring* ring = nullptr;
        std::uint16_t entries;
        std::uint16_t missing;  // Buffers the ring lacks.
    };
    // What the kernel reads when it takes a send of several parts.
    struct Message {
        msghdr header;
        std::array<iovec, send_parts_max> parts;
    };
    struct Ready {
        Completion* completion;
        std::int32_t result;
        std::uint32_t flags;
    };

    explicit UringIo(const Options& options);
    Result<void> set_up();
    Result<void> set_up_ring(Pool pool);
    void wake() noexcept override;
    void arm_wake();
    void on_woken(Outcome outcome) noexcept;

    io_uring_sqe* start(Completion& completion);
    io_uring_sqe* start_receive(Completion& completion, int fd, Pool pool);
    io_uring_sqe* start_send(Completion& completion, int fd, std::span<const std::byte> bytes);
    void submit();
    void forget_submitted();
    void refill();
    void refill(ReceiveRing& ring);
    std::size_t harvest();
    void deliver();
    bool is_too_soon(Completion& completion) const;
    Outcome outcome_of(const Ready& ready);
    bool look(Instant until);
    void sleep(Instant until);
    void read_clock();
    void read_wall_clock();

    // Set at construction.
    Options options_;
    io_uring ring_{};
    bool ring_made_ = false;
    bool closing_ = false;
    int wake_fd_ = -1;
    std::array<ReceiveRing, 2> rings_;
    BufferPool bulk_pool_;
    unsigned wait_flags_ = 0;
    bool can_stand_ = false;  // Receives; elsewhere each of them brings one arrival.

    // While it runs.
    Clock clock_;
    std::vector<Ready> ready_;
    std::vector<Ready> held_;                 // For the next tick.
    std::vector<Address> connect_addresses_;  // Of connects not yet submitted,
    std::vector<Message> messages_;           // and of sends in parts.
    std::size_t in_flight_ = 0;
    LookHistory look_history_;
    Counts counts_;
    Op<UringIo> woken_{*this};
    std::uint64_t wake_count_ = 0;
    Instant wall_read_at_{};
};

}  // namespace ringway::core
