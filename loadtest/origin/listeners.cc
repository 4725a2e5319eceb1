#include "loadtest/origin/listeners.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "core/listen_socket.h"

namespace ringway::loadtest {

namespace {

// Each try begins at a port of the kernel's choosing.
constexpr int tries_max = 200;

core::Result<Listening> open_one(const core::Address& address) {
    const core::Result<int> fd = core::open_listen_socket(address, {.exclusive = true});
    if (!fd) return std::unexpected(fd.error());
    if (address.is_unix()) return Listening{.fd = *fd, .address = address};
    const core::Address bound = core::local_address(*fd).value_or(address);
    return Listening{.fd = *fd, .address = bound, .guard = PortGuard{bound}};
}

core::Address behind(const core::Address& address) {
    return address.with_port(static_cast<std::uint16_t>(address.port() + 1));
}

// A row of ports from `first` on. When one cannot be had, those opened so far and the reason.
struct Row {
    std::vector<Listening> opened;
    core::Error error;
};

Row open_row(const core::Address& first, std::uint32_t count) {
    Row row;
    while (row.opened.size() < count) {
        // Behind the last port there is port 0, which opens, but not in the row.
        core::Result<Listening> one =
            open_one(row.opened.empty() ? first : behind(row.opened.back().address));
        if (!one) {
            row.error = one.error();
            return row;
        }
        row.opened.push_back(std::move(*one));
    }
    return row;
}

bool is_in_a_row(const std::vector<Listening>& all) {
    return all.back().address.port() - all.front().address.port() + 1U == all.size();
}

std::string explained(const core::Address& address, const core::Error& error) {
    const std::string holder = core::holder_of(address);
    return fmt::format("cannot listen on {}: {}{}{}", address.text(), std::strerror(error.sys),
                       holder.empty() ? "" : "; it is held by ", holder);
}

}  // namespace

PortGuard::PortGuard(const core::Address& address)
    : fd_(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // Beside sockets that listen only who shares the port may be bound, beside others who reuses
    // it.
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd_, address.data(), address.size()) != 0) ::close(std::exchange(fd_, -1));
}

PortGuard::~PortGuard() {
    if (fd_ >= 0) ::close(fd_);
}

std::expected<std::vector<Listening>, std::string> open_listeners(const core::Address& first,
                                                                  std::uint32_t count) {
    if (first.is_unix() && count > 1) {
        return std::unexpected("a UNIX socket serves one backend; ports are counted on, paths not");
    }
    if (std::uint32_t{first.port()} + count - 1 > 0xffff) {
        return std::unexpected(
            fmt::format("there are no {} ports from {} on", count, first.port()));
    }
    for (int attempt = 1;; attempt++) {
        Row row = open_row(first, count);
        const std::size_t had = row.opened.size();
        if (had == count && (count == 1 || is_in_a_row(row.opened))) return std::move(row.opened);
        for (const Listening& one : row.opened) ::close(one.fd);
        if (first.port() != 0 || had == 0 || attempt == tries_max) {
            const core::Address& wanted = had == 0 ? first : behind(row.opened.back().address);
            return std::unexpected(explained(wanted, row.error));
        }
    }
}

}  // namespace ringway::loadtest
