#include "tests/kernels/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/kernels/ring.h"

namespace ringway::kernels {
namespace {

int must(int result, const char* what) {
    if (result < 0) {
        std::perror(what);
        std::abort();
    }
    return result;
}

sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

void Fd::reset() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

Fd tcp_socket() {
    return Fd(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

LoopbackAddress loopback(std::uint16_t port) {
    const sockaddr_in address = address_of(port);
    LoopbackAddress bytes{};
    static_assert(sizeof(bytes) == sizeof(address));
    std::memcpy(&bytes, &address, sizeof(address));
    return bytes;
}

Listener listen_on_loopback(int backlog) {
    Listener listener{.fd = tcp_socket()};
    sockaddr_in address = address_of(0);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    must(::bind(listener.fd.get(), generic, size), "bind");
    must(::listen(listener.fd.get(), backlog), "listen");
    must(::getsockname(listener.fd.get(), generic, &size), "getsockname");
    listener.port = ntohs(address.sin_port);
    return listener;
}

Fd connect_to(const Listener& listener) {
    Fd fd = tcp_socket();
    const sockaddr_in address = address_of(listener.port);
    must(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
         "connect to the loopback interface (is it up?)");
    return fd;
}

Connection connect_pair() {
    const Listener listener = listen_on_loopback();
    Fd peer = connect_to(listener);
    Fd ours(must(::accept(listener.fd.get(), nullptr, nullptr), "accept"));
    return {.ours = std::move(ours), .peer = std::move(peer)};
}

int option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    must(::getsockopt(fd, level, name, &value, &size), "getsockopt");
    return value;
}

void set_option(int fd, int level, int name, int value) {
    must(::setsockopt(fd, level, name, &value, sizeof(value)), "setsockopt");
}

void reset_connection(Fd& fd) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    must(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
    fd.reset();
}

void write_text(const Fd& fd, std::string_view text) {
    const auto sent = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    must(static_cast<std::size_t>(sent) == text.size() ? 0 : -1, "send");
}

Seen seen_by(const Fd& fd) {
    pollfd wanted{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (must(::poll(&wanted, 1, static_cast<int>(short_while.count())), "poll") == 0) {
        return Seen::nothing;
    }
    char byte;
    return ::recv(fd.get(), &byte, 1, MSG_PEEK) > 0 ? Seen::bytes : Seen::end;
}

}  // namespace ringway::kernels
