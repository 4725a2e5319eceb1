// A socket address: IPv4, IPv6 or a UNIX path, as plain data that can be copied, compared and
// printed. Parsing takes literal addresses only; names are the resolver's business.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace ringway::core {

class Address {
public:
    Address() = default;

    // "10.0.0.1:8080", "[::1]:8080", "unix:/run/app.sock", "unix:@abstract". The error's `what`
    // says what is wrong with the text.
    static Result<Address> parse(std::string_view text);
    static Address from(const sockaddr* address, socklen_t size);
    static Address ipv4_loopback(std::uint16_t port);

    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const { return size_; }
    sa_family_t family() const { return storage_.ss_family; }
    bool is_unix() const { return family() == AF_UNIX; }
    // 0 for UNIX sockets.
    std::uint16_t port() const;
    Address with_port(std::uint16_t port) const;

    // In the form `parse` takes.
    std::string text() const;
    // Writes the host part alone, "10.0.0.1" or "::1" ("unix" for UNIX sockets), and returns it
    // as a view into `space`. For headers and logs on the request path.
    static constexpr std::size_t host_text_max = 64;
    std::string_view host_text(char (&space)[host_text_max]) const;

    bool operator==(const Address& other) const;

private:
    // As large as the largest we take; sockaddr_un is 110 bytes.
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

}  // namespace ringway::core
