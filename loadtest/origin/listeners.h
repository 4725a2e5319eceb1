// Opens the sockets of a fleet: `count` backends on consecutive ports. With port 0 it looks for
// that many free ports in a row. Used at start, by the thread that makes the Origin.
// Descriptors that could not all be had are closed again. Each port is also held by a PortGuard: a
// backend that is down, or whose process was killed, must find its port free when it comes back.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "core/address.h"

namespace ringway::loadtest {

// A socket that is bound to a port and never listens: who connects is refused, our own sockets can
// be bound beside it, and the kernel gives the port to no outgoing connection.
class PortGuard {
public:
    PortGuard() = default;
    // Guards nothing when it cannot: the port is only a little less safe.
    explicit PortGuard(const core::Address& address);
    PortGuard(PortGuard&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    PortGuard& operator=(PortGuard&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~PortGuard();

private:
    int fd_ = -1;
};

struct Listening {
    int fd = -1;
    core::Address address;
    PortGuard guard = {};
};

// The error says, in a line for a person, what could not be opened and who has it.
std::expected<std::vector<Listening>, std::string> open_listeners(const core::Address& first,
                                                                  std::uint32_t count);

}  // namespace ringway::loadtest
