// A kernel on paper: what io_uring and the sockets do for one shard, in so few steps and so exactly
// alike in every run that the instructions of our own code can be counted. paper_ring.cc puts it in
// the place of liburing and of the few system calls that a shard makes; above that everything is
// the real thing, UringIo included.
//
// Nothing ever fails and nothing is late: what a peer says has arrived when the shard next enters
// the kernel, a send is taken whole, and time goes on by the same step with every enter. One
// thread, one ring; it is a singleton, because the C functions that it stands behind are global.
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::paper {

class Kernel;

// The other end of a connection. It answers with Kernel::say and must not be destroyed.
class Peer {
public:
    virtual ~Peer() = default;
    virtual void on_bytes(int fd, std::string_view bytes) = 0;
    virtual void on_closed(int fd) = 0;
};

// Hands out the peer of each connection that the shard makes.
class Backends {
public:
    virtual Peer& connected(int fd) = 0;

protected:
    ~Backends() = default;
};

class Kernel {
public:
    static Kernel& get();

    void set_backends(Backends& backends) { backends_ = &backends; }
    // A client connects: its descriptor, which the next enter hands to the shard's accept.
    int connect_client(Peer& peer);
    // The peer of `fd` sends bytes.
    void say(int fd, std::string_view bytes);

    // What paper_ring.cc is asked.
    int set_up(unsigned entries, io_uring& ring, io_uring_params& params);
    void register_buffers(const io_uring_buf_reg& registration);
    unsigned enter(io_uring& ring);
    int open_socket();
    void shutdown(int fd);
    std::int64_t now_ns() const { return now_ns_; }

private:
    static constexpr std::int64_t step_ns = 50'000;  // A turn of the loop of a busy shard.
    static constexpr int first_fd = 1'000;           // Below are the process's real ones.

    struct Receive {
        std::uint64_t user_data = 0;  // 0: none is armed.
        std::byte* space = nullptr;   // Null: into a buffer of `group`.
        std::uint32_t size = 0;
        std::uint16_t group = 0;
        std::uint32_t more = 0;  // A multishot: bytes until it ends.
    };
    struct Socket {
        Peer* peer = nullptr;
        std::string arrived;
        std::size_t read = 0;  // Of what arrived.
        Receive receive;
        bool is_open = false;
    };
    struct BufferGroup {
        io_uring_buf_ring* ring = nullptr;
        std::uint16_t mask = 0;
        std::uint16_t head = 0;
    };

    void submit(const io_uring_sqe& sqe);
    void complete(std::uint64_t user_data, std::int32_t result, std::uint32_t flags = 0);
    void begin_receive(const io_uring_sqe& sqe);
    void try_receive(Socket& socket);
    void send_parts(const io_uring_sqe& sqe);
    void close(const io_uring_sqe& sqe);
    Socket& socket_of(int fd);
    int new_socket(Peer* peer);

    Backends* backends_ = nullptr;
    std::deque<Socket> sockets_;  // By descriptor, less first_fd; references stay good.
    std::vector<int> free_;
    std::vector<int> readable_;        // Something arrived since the last enter.
    std::vector<int> to_be_accepted_;  // Client connections that the shard has not heard of.
    std::uint64_t accept_ = 0;         // The user data of the accept that is armed.
    std::array<BufferGroup, 2> groups_;
    std::int64_t now_ns_ = 1'000'000'000;

    // The ring's memory, as the kernel would map it.
    io_uring* ring_ = nullptr;
    std::array<unsigned, 6> words_{};  // Heads, tails and flags of both queues.
    std::vector<io_uring_sqe> submissions_;
    std::vector<io_uring_cqe> completions_;
    std::vector<unsigned> array_;
};

}  // namespace ringway::paper
