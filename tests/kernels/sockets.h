// Sockets on the loopback, for the facts in this room: small owners that close what they hold, and
// the few system calls the facts need. A failure to make a socket ends the program: without a
// loopback interface there is nothing to find out. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ringway::kernels {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void reset();

private:
    int fd_ = -1;
};

struct Listener {
    Fd fd;
    std::uint16_t port = 0;
};
Listener listen_on_loopback(int backlog = 128);

// A connected client socket; blocking.
Fd connect_to(const Listener& listener);
Fd tcp_socket();
// For io_uring_prep_connect; `space` is a sockaddr_in.
struct LoopbackAddress {
    alignas(8) unsigned char bytes[16];
};
LoopbackAddress loopback(std::uint16_t port);

// Both ends of one TCP connection.
struct Connection {
    Fd ours;
    Fd peer;
};
Connection connect_pair();

int option(int fd, int level, int name);
void set_option(int fd, int level, int name, int value);

// Closes with an RST.
void reset_connection(Fd& fd);
// Writes all of `text` at once.
void write_text(const Fd& fd, std::string_view text);
// What the peer sees within a short while: `bytes`, the end of the stream, or nothing.
enum class Seen : std::uint8_t { nothing, bytes, end };
Seen seen_by(const Fd& fd);

}  // namespace ringway::kernels
