#include "tests/kernels/ring.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>

namespace ringway::kernels {

Ring::Ring(Options options) {
    params_.flags = options.flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params_.cq_entries = options.cq_entries;
    setup_result_ = io_uring_queue_init_params(options.sq_entries, &ring_, &params_);
}

Ring::~Ring() {
    if (setup_result_ == 0) {
        io_uring_queue_exit(&ring_);
    }
}

Cqe Ring::wait_for(std::chrono::milliseconds limit) {
    __kernel_timespec time{.tv_sec = limit.count() / 1000,
                           .tv_nsec = (limit.count() % 1000) * 1'000'000};
    io_uring_cqe* cqe = nullptr;
    int waited = -EINTR;
    while (waited == -EINTR) {
        waited = io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &time, nullptr);
    }
    if (cqe == nullptr) {
        return {.res = waited, .missing = true};
    }
    const Cqe result{.tag = cqe->user_data, .res = cqe->res, .flags = cqe->flags};
    io_uring_cqe_seen(&ring_, cqe);
    return result;
}

std::vector<Cqe> Ring::wait_all(std::size_t count) {
    std::vector<Cqe> all;
    while (all.size() < count) {
        all.push_back(wait());
        if (all.back().missing) {
            break;
        }
    }
    return all;
}

ProvidedBuffers::ProvidedBuffers(Ring& ring) : ring_(ring), memory_(count * bytes_each) {
    void* pages = mmap(nullptr, count * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                       MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (pages == MAP_FAILED) {
        std::abort();
    }
    entries_ = static_cast<io_uring_buf_ring*>(pages);
    io_uring_buf_ring_init(entries_);
    io_uring_buf_reg reg{};
    reg.ring_addr = reinterpret_cast<std::uintptr_t>(pages);
    reg.ring_entries = count;
    reg.bgid = group;
    if (io_uring_register_buf_ring(ring.raw(), &reg, 0) != 0) {
        std::abort();
    }
}

ProvidedBuffers::~ProvidedBuffers() {
    io_uring_unregister_buf_ring(ring_.raw(), group);
    munmap(entries_, count * sizeof(io_uring_buf));
}

void ProvidedBuffers::give(std::uint16_t buffer) {
    io_uring_buf_ring_add(entries_, bytes(buffer), bytes_each, buffer,
                          io_uring_buf_ring_mask(count), 0);
    io_uring_buf_ring_advance(entries_, 1);
}

void start_receive(Ring& ring, int fd, std::uint64_t tag) {
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_recv(sqe, fd, nullptr, 0, 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = ProvidedBuffers::group;
    io_uring_sqe_set_data64(sqe, tag);
}

void start_cancel(Ring& ring, std::uint64_t victim, std::uint64_t tag) {
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_cancel64(sqe, victim, 0);
    io_uring_sqe_set_data64(sqe, tag);
}

}  // namespace ringway::kernels
