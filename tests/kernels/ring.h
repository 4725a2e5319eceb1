// A ring as thin as it can be, for the facts in this room and for nothing else. It owes nothing to
// core/: the facts are a second opinion, so that a wrong belief in the engine is not tested with
// the engine. A Ring belongs to the thread that made it. A wait that lasts longer than `patience`
// is an answer that never comes; the Cqe is then marked `missing`.
#pragma once

#include <liburing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::kernels {

// What the engine makes its rings with.
inline constexpr unsigned engine_flags =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;

// Generous, because qemu translates every instruction on a machine that does other things too.
inline constexpr std::chrono::milliseconds patience{5000};
// Long enough for a wrong answer to arrive.
inline constexpr std::chrono::milliseconds short_while{60};

struct Cqe {
    std::uint64_t tag = 0;
    std::int32_t res = 0;
    std::uint32_t flags = 0;
    bool missing = false;

    bool more() const { return (flags & IORING_CQE_F_MORE) != 0; }
    bool has_buffer() const { return (flags & IORING_CQE_F_BUFFER) != 0; }
    std::size_t buffer() const { return flags >> IORING_CQE_BUFFER_SHIFT; }
};

class Ring {
public:
    struct Options {
        unsigned sq_entries = 64;
        unsigned cq_entries = 256;
        unsigned flags = engine_flags;
    };
    Ring() : Ring(Options{}) {}
    explicit Ring(Options options);
    Ring(const Ring&) = delete;
    ~Ring();

    // 0, or the negated errno of the setup.
    int setup_result() const { return setup_result_; }
    const io_uring_params& params() const { return params_; }
    io_uring* raw() { return &ring_; }

    // An entry to be filled by an io_uring_prep_ function and then tagged (prep clears the tag).
    io_uring_sqe* sqe() { return io_uring_get_sqe(&ring_); }
    int submit() { return io_uring_submit(&ring_); }

    // Submits what is pending and returns the next completion.
    Cqe wait() { return wait_for(patience); }
    // True when nothing completes for a short while.
    bool stays_quiet() { return wait_for(short_while).missing; }
    // Submits and waits for `count` completions, in the order they came.
    std::vector<Cqe> wait_all(std::size_t count);

private:
    Cqe wait_for(std::chrono::milliseconds limit);

    io_uring ring_{};
    io_uring_params params_{};
    int setup_result_ = 0;
};

// Buffers that a receive chooses from. Starts empty.
class ProvidedBuffers {
public:
    static constexpr std::size_t count = 8;  // A power of two.
    static constexpr std::size_t bytes_each = 4096;
    static constexpr std::uint16_t group = 7;

    explicit ProvidedBuffers(Ring& ring);
    ProvidedBuffers(const ProvidedBuffers&) = delete;
    ~ProvidedBuffers();

    void give(std::uint16_t buffer);
    char* bytes(std::size_t buffer) { return memory_.data() + buffer * bytes_each; }

private:
    Ring& ring_;
    io_uring_buf_ring* entries_ = nullptr;
    std::vector<char> memory_;
};

// One receive into provided buffers, as the engine asks for it.
void start_receive(Ring& ring, int fd, std::uint64_t tag);
void start_cancel(Ring& ring, std::uint64_t victim, std::uint64_t tag);

}  // namespace ringway::kernels
