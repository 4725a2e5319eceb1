#include "tests/instructions/paper_kernel.h"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace ringway::paper {

Kernel& Kernel::get() {
    static Kernel kernel;
    return kernel;
}

// --- The ring -----------------------------------------------------------------------------------

int Kernel::set_up(unsigned entries, io_uring& ring, io_uring_params& params) {
    submissions_.resize(std::bit_ceil(entries));
    completions_.resize(std::bit_ceil(params.cq_entries));
    array_.resize(submissions_.size());
    ring = {};
    ring.sq.khead = &words_[0];
    ring.sq.ktail = &words_[1];
    ring.sq.kflags = &words_[2];
    ring.sq.array = array_.data();
    ring.sq.sqes = submissions_.data();
    ring.sq.ring_entries = static_cast<unsigned>(submissions_.size());
    ring.sq.ring_mask = ring.sq.ring_entries - 1;
    ring.cq.khead = &words_[3];
    ring.cq.ktail = &words_[4];
    ring.cq.kflags = &words_[5];
    ring.cq.cqes = completions_.data();
    ring.cq.ring_entries = static_cast<unsigned>(completions_.size());
    ring.cq.ring_mask = ring.cq.ring_entries - 1;
    ring.flags = params.flags;
    ring_ = &ring;
    return 0;
}

void Kernel::register_buffers(const io_uring_buf_reg& registration) {
    groups_.at(registration.bgid) = {
        .ring = reinterpret_cast<io_uring_buf_ring*>(registration.ring_addr),
        .mask = static_cast<std::uint16_t>(registration.ring_entries - 1)};
}

unsigned Kernel::enter(io_uring& ring) {
    CHECK(&ring == ring_);
    now_ns_ += step_ns;
    const unsigned count = ring.sq.sqe_tail - *ring.sq.khead;
    for (unsigned i = *ring.sq.khead; i != ring.sq.sqe_tail; i++) {
        submit(ring.sq.sqes[i & ring.sq.ring_mask]);
    }
    ring.sq.sqe_head = *ring.sq.khead = *ring.sq.ktail = ring.sq.sqe_tail;
    if (accept_ != 0) {
        for (const int fd : std::exchange(to_be_accepted_, {})) {
            complete(accept_, fd, IORING_CQE_F_MORE);
        }
    }
    // What a peer says while these are gone through has not arrived yet.
    for (const int fd : std::exchange(readable_, {})) try_receive(socket_of(fd));
    return count;
}

void Kernel::submit(const io_uring_sqe& sqe) {
    if (sqe.opcode == IORING_OP_READ) return;  // Of the eventfd: nobody wakes us.
    if (sqe.opcode == IORING_OP_ACCEPT) {
        accept_ = sqe.user_data;
    } else if (sqe.opcode == IORING_OP_CONNECT) {
        socket_of(sqe.fd).peer = &backends_->connected(sqe.fd);
        complete(sqe.user_data, 0);
    } else if (sqe.opcode == IORING_OP_RECV) {
        begin_receive(sqe);
    } else if (sqe.opcode == IORING_OP_SEND) {
        complete(sqe.user_data, static_cast<std::int32_t>(sqe.len));
        socket_of(sqe.fd).peer->on_bytes(sqe.fd,
                                         {reinterpret_cast<const char*>(sqe.addr), sqe.len});
    } else if (sqe.opcode == IORING_OP_SENDMSG) {
        send_parts(sqe);
    } else if (sqe.opcode == IORING_OP_CLOSE) {
        close(sqe);
    } else {
        CHECK(false);  // Something new: it belongs in here, or the figures leave it out.
    }
}

void Kernel::begin_receive(const io_uring_sqe& sqe) {
    // The engine asks its eventfd whether receives may stand.
    if (sqe.fd < first_fd) return complete(sqe.user_data, -ENOTSOCK);
    Socket& socket = socket_of(sqe.fd);
    CHECK(socket.receive.user_data == 0);
    const bool is_multishot = (sqe.ioprio & IORING_RECV_MULTISHOT) != 0;
    socket.receive = {.user_data = sqe.user_data,
                      .space = reinterpret_cast<std::byte*>(sqe.addr),
                      .size = sqe.len,
                      .group = sqe.buf_group,
                      .more = is_multishot ? sqe.file_index : 0};
    try_receive(socket);
}

void Kernel::send_parts(const io_uring_sqe& sqe) {
    const auto& header = *reinterpret_cast<const msghdr*>(sqe.addr);
    std::string bytes;
    for (std::size_t i = 0; i < header.msg_iovlen; i++) {
        const iovec& part = header.msg_iov[i];
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    complete(sqe.user_data, static_cast<std::int32_t>(bytes.size()));
    socket_of(sqe.fd).peer->on_bytes(sqe.fd, bytes);
}

void Kernel::shutdown(int fd) {
    Socket& socket = socket_of(fd);
    if (socket.receive.user_data == 0) return;
    complete(std::exchange(socket.receive, {}).user_data, 0);
}

void Kernel::close(const io_uring_sqe& sqe) {
    Socket& socket = socket_of(sqe.fd);
    CHECK(socket.receive.user_data == 0);
    Peer& peer = *socket.peer;
    socket = {};
    free_.push_back(sqe.fd);
    complete(sqe.user_data, 0);
    peer.on_closed(sqe.fd);
}

void Kernel::complete(std::uint64_t user_data, std::int32_t result, std::uint32_t flags) {
    const unsigned tail = *ring_->cq.ktail;
    CHECK(tail - *ring_->cq.khead < ring_->cq.ring_entries);
    io_uring_cqe& cqe = ring_->cq.cqes[tail & ring_->cq.ring_mask];
    cqe.user_data = user_data;
    cqe.res = result;
    cqe.flags = flags;
    *ring_->cq.ktail = tail + 1;
}

void Kernel::try_receive(Socket& socket) {
    const std::string_view bytes = std::string_view{socket.arrived}.substr(socket.read);
    if (socket.receive.user_data == 0 || bytes.empty()) return;
    const Receive receive = std::exchange(socket.receive, {});
    std::byte* space = receive.space;
    std::size_t size = receive.size;
    std::uint32_t flags = 0;
    if (space == nullptr) {
        BufferGroup& group = groups_.at(receive.group);
        CHECK(group.head != group.ring->tail);
        const io_uring_buf& buffer = group.ring->bufs[group.head++ & group.mask];
        space = reinterpret_cast<std::byte*>(buffer.addr);
        size = buffer.len;
        flags = IORING_CQE_F_BUFFER | (std::uint32_t{buffer.bid} << IORING_CQE_BUFFER_SHIFT);
    }
    const std::size_t count = std::min(bytes.size(), size);
    std::memcpy(space, bytes.data(), count);
    socket.read += count;
    if (socket.read == socket.arrived.size()) {
        socket.arrived.clear();
        socket.read = 0;
    } else {
        flags |= IORING_CQE_F_SOCK_NONEMPTY;
    }
    if (receive.more > count) {
        socket.receive = receive;
        socket.receive.more -= static_cast<std::uint32_t>(count);
        flags |= IORING_CQE_F_MORE;
    }
    complete(receive.user_data, static_cast<std::int32_t>(count), flags);
    if ((flags & IORING_CQE_F_SOCK_NONEMPTY) != 0) try_receive(socket);
}

// --- The sockets --------------------------------------------------------------------------------

Kernel::Socket& Kernel::socket_of(int fd) {
    Socket& socket = sockets_.at(static_cast<std::size_t>(fd - first_fd));
    CHECK(socket.is_open);
    return socket;
}

int Kernel::new_socket(Peer* peer) {
    if (free_.empty()) {
        free_.push_back(first_fd + static_cast<int>(sockets_.size()));
        sockets_.emplace_back();
    }
    const int fd = free_.back();
    free_.pop_back();
    Socket& socket = sockets_[static_cast<std::size_t>(fd - first_fd)];
    socket.peer = peer;
    socket.is_open = true;
    return fd;
}

int Kernel::open_socket() {
    return new_socket(nullptr);
}

int Kernel::connect_client(Peer& peer) {
    to_be_accepted_.push_back(new_socket(&peer));
    return to_be_accepted_.back();
}

void Kernel::say(int fd, std::string_view bytes) {
    socket_of(fd).arrived.append(bytes);
    readable_.push_back(fd);
}

}  // namespace ringway::paper
