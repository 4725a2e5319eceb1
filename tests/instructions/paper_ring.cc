// In the place of liburing's functions and of a shard's system calls: the linker takes these before
// any library's. Each hands over to paper::Kernel. What a shard calls and is not here reaches the
// real kernel and fails there, for it knows nothing of these descriptors.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <ctime>

#include "core/check.h"
#include "tests/instructions/paper_kernel.h"

using ringway::paper::Kernel;

extern "C" {

int io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* params) {
    return Kernel::get().set_up(entries, *ring, *params);
}

int io_uring_register_ring_fd(io_uring*) {
    return 1;
}

int io_uring_register_buf_ring(io_uring*, io_uring_buf_reg* registration, unsigned) {
    Kernel::get().register_buffers(*registration);
    return 0;
}

int io_uring_submit(io_uring* ring) {
    return static_cast<int>(Kernel::get().enter(*ring));
}

int io_uring_submit_and_wait(io_uring* ring, unsigned) {
    return static_cast<int>(Kernel::get().enter(*ring));
}

int io_uring_submit_and_get_events(io_uring* ring) {
    return static_cast<int>(Kernel::get().enter(*ring));
}

int io_uring_get_events(io_uring* ring) {
    return static_cast<int>(Kernel::get().enter(*ring));
}

// The shard is never idle here: a sleep is a mistake in a script.
int io_uring_enter2(unsigned, unsigned, unsigned, unsigned, sigset_t*, size_t) {
    CHECK(false);
    return -1;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    constexpr time_t since_1970 = 1'700'000'000;
    const std::int64_t now = Kernel::get().now_ns();
    time->tv_sec = now / 1'000'000'000 + (clock == CLOCK_REALTIME ? since_1970 : 0);
    time->tv_nsec = now % 1'000'000'000;
    return 0;
}

int socket(int, int, int) noexcept {
    return Kernel::get().open_socket();
}

int setsockopt(int, int, int, const void*, socklen_t) noexcept {
    return 0;
}

int shutdown(int fd, int) noexcept {
    Kernel::get().shutdown(fd);
    return 0;
}

int getpeername(int fd, sockaddr* address, socklen_t* size) noexcept {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<in_port_t>(fd));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(address, &peer, sizeof peer);
    *size = sizeof peer;
    return 0;
}

}  // extern "C"
