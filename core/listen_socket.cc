#include "core/listen_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ringway::core {

namespace {

// A descriptor on its way to being a listener. core/stream closes what carries bytes; this is the
// one other place that closes a socket, one that never had a peer.
class Draft {
public:
    explicit Draft(int fd) : fd_(fd) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        if (fd_ >= 0) ::close(fd_);
    }
    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

std::unexpected<Error> failed(const char* what) {
    const int sys = errno;
    return std::unexpected(Error{.code = errc_of(sys), .sys = sys, .what = what});
}

bool try_set(int fd, int level, int option) {
    const int on = 1;
    return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

const char* path_of(const Address& address) {
    return reinterpret_cast<const sockaddr_un*>(address.data())->sun_path;
}

// True when the path is a socket whose listener is gone: it was left behind by a crash.
bool is_stale(const Address& address) {
    struct stat status{};
    if (path_of(address)[0] == '\0' || lstat(path_of(address), &status) != 0) return false;
    if (!S_ISSOCK(status.st_mode)) return false;
    const Draft probe{socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (probe.fd() < 0) return false;
    return connect(probe.fd(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

bool try_bind(int fd, const Address& address) {
    if (bind(fd, address.data(), address.size()) == 0) return true;
    if (errno != EADDRINUSE || !address.is_unix() || !is_stale(address)) return false;
    unlink(path_of(address));
    return bind(fd, address.data(), address.size()) == 0;
}

bool try_set_tcp_options(int fd, const Address& address) {
    // Without SO_REUSEADDR our own connections in TIME_WAIT would keep us from the port.
    if (!try_set(fd, SOL_SOCKET, SO_REUSEADDR)) return false;
    if (!try_set(fd, IPPROTO_TCP, TCP_NODELAY)) return false;
    return address.family() != AF_INET6 || try_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
}

}  // namespace

Result<int> open_listen_socket(const Address& address, ListenOptions options) {
    Draft draft{socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int fd = draft.fd();
    if (fd < 0) return failed("cannot make a socket");
    const bool is_tcp = !address.is_unix();
    if (is_tcp && !try_set_tcp_options(fd, address)) return failed("cannot set a socket option");
    if (is_tcp && !options.exclusive && !try_set(fd, SOL_SOCKET, SO_REUSEPORT)) {
        return failed("cannot set SO_REUSEPORT");
    }
    if (!try_bind(fd, address)) return failed("cannot bind");
    // Set after the bind it lets the other shards join, yet our own bind was refused if anybody
    // else was there: a test without a gap in which somebody else could slip in.
    if (is_tcp && options.exclusive && !try_set(fd, SOL_SOCKET, SO_REUSEPORT)) {
        return failed("cannot set SO_REUSEPORT");
    }
    if (listen(fd, options.backlog) != 0) return failed("cannot listen");
    return draft.release();
}

Result<Address> local_address(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
        return failed("the socket has no address");
    }
    return Address::from(reinterpret_cast<const sockaddr*>(&storage), size);
}

}  // namespace ringway::core
