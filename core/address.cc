#include "core/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "core/check.h"

namespace ringway::core {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

std::unexpected<Error> bad(const char* what) {
    return std::unexpected(Error{.code = Errc::bad_address, .what = what});
}

template <class Sockaddr>
Address address_of(const Sockaddr& address) {
    return Address::from(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

template <class Sockaddr>
Sockaddr as(const Address& address) {
    Sockaddr result;
    std::memcpy(&result, address.data(), sizeof(result));
    return result;
}

Result<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty()) return bad("the port after the ':' is missing");
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return bad("the port is above 65535");
    if (error != std::errc{} || end != text.data() + text.size()) {
        return bad("the port is not a number");
    }
    if (value > 0xffff) return bad("the port is above 65535");
    return static_cast<std::uint16_t>(value);
}

Result<Address> parse_unix(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path == "@") return bad("the path after 'unix:' is missing");
    const bool is_abstract = path.front() == '@';
    // A path ends with a zero byte; an abstract name begins with one instead of the '@'.
    if (path.size() + (is_abstract ? 0 : 1) > sizeof(address.sun_path)) {
        return bad("the path is longer than the 107 bytes that the kernel takes");
    }
    std::ranges::copy(path, address.sun_path);
    if (is_abstract) address.sun_path[0] = '\0';
    const std::size_t size = path_offset + path.size() + (is_abstract ? 0 : 1);
    return Address::from(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

// "fe80::1" or, for link-local addresses, "fe80::1%eth0".
Result<sockaddr_in6> parse_ipv6_host(std::string_view host) {
    const std::size_t percent = host.find('%');
    const std::string digits{host.substr(0, percent)};
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, digits.c_str(), &address.sin6_addr) != 1) {
        return bad("what stands in the brackets is not an IPv6 address");
    }
    if (percent == host.npos) return address;
    const std::string scope{host.substr(percent + 1)};
    address.sin6_scope_id = if_nametoindex(scope.c_str());
    if (address.sin6_scope_id == 0) return bad("there is no network interface of that name");
    return address;
}

Result<Address> parse_ipv6(std::string_view text) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos) return bad("the ']' is missing");
    Result<sockaddr_in6> address = parse_ipv6_host(text.substr(1, bracket - 1));
    if (!address) return std::unexpected(address.error());
    const std::string_view rest = text.substr(bracket + 1);
    if (rest.empty() || rest.front() != ':') return bad("the port is missing, as in '[::1]:8080'");
    const Result<std::uint16_t> port = parse_port(rest.substr(1));
    if (!port) return std::unexpected(port.error());
    address->sin6_port = htons(*port);
    return address_of(*address);
}

Result<Address> parse_ipv4(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return bad("the port is missing, as in '10.0.0.1:8080'");
    const std::string host{text.substr(0, colon)};
    if (host.find(':') != host.npos) return bad("IPv6 needs brackets, as in '[::1]:8080'");
    if (host.empty() || host == "*") return bad("for every address write '0.0.0.0' or '[::]'");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
        const bool is_name = host.find_first_not_of("0123456789.") != host.npos;
        return bad(is_name ? "a name where a literal address is expected"
                           : "an IPv4 address has four numbers up to 255, without leading zeros");
    }
    const Result<std::uint16_t> port = parse_port(text.substr(colon + 1));
    if (!port) return std::unexpected(port.error());
    address.sin_port = htons(*port);
    return address_of(address);
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
    if (text.empty()) return bad("the address is empty");
    // What follows it would be lost on the C functions below.
    if (text.find('\0') != text.npos) return bad("the address holds a zero byte");
    if (text.starts_with(unix_prefix)) return parse_unix(text.substr(unix_prefix.size()));
    if (text.find("://") != text.npos) return bad("an address has no scheme such as 'http://'");
    return text.front() == '[' ? parse_ipv6(text) : parse_ipv4(text);
}

Address Address::from(const sockaddr* address, socklen_t size) {
    CHECK(size <= sizeof(storage_));
    Address result;
    std::memcpy(&result.storage_, address, size);
    result.size_ = size;
    if (size <= path_offset || !result.is_unix()) return result;
    // The kernel may count the zero byte that ends a path or not; we always do.
    const auto* path = reinterpret_cast<const char*>(&result.storage_) + path_offset;
    if (*path != '\0') {
        const std::size_t length = strnlen(path, sizeof(sockaddr_un::sun_path) - 1);
        result.size_ = static_cast<socklen_t>(path_offset + length + 1);
    }
    return result;
}

Address Address::ipv4_loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address_of(address);
}

std::uint16_t Address::port() const {
    if (family() == AF_INET) return ntohs(as<sockaddr_in>(*this).sin_port);
    if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(*this).sin6_port);
    return 0;
}

Address Address::with_port(std::uint16_t port) const {
    Address result = *this;
    // The port stands at the same place in both.
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    CHECK(family() == AF_INET || family() == AF_INET6);
    const in_port_t value = htons(port);
    std::memcpy(reinterpret_cast<std::byte*>(&result.storage_) + offsetof(sockaddr_in, sin_port),
                &value, sizeof(value));
    return result;
}

std::string Address::text() const {
    if (size_ == 0) return "none";
    if (is_unix()) {
        const auto* path = reinterpret_cast<const char*>(&storage_) + path_offset;
        const std::size_t length = size_ - std::min<std::size_t>(size_, path_offset);
        if (length == 0) return "unix:";  // The unnamed end of a connection.
        if (*path != '\0') return fmt::format("unix:{}", std::string_view{path, length - 1});
        return fmt::format("unix:@{}", std::string_view{path + 1, length - 1});
    }
    char space[host_text_max];
    const std::string_view host = host_text(space);
    if (family() == AF_INET) return fmt::format("{}:{}", host, port());
    const std::uint32_t scope = as<sockaddr_in6>(*this).sin6_scope_id;
    char name[IF_NAMESIZE];
    if (scope != 0 && if_indextoname(scope, name) != nullptr) {
        return fmt::format("[{}%{}]:{}", host, name, port());
    }
    return fmt::format("[{}]:{}", host, port());
}

std::string_view Address::host_text(char (&space)[host_text_max]) const {
    if (family() == AF_INET) {
        const auto address = as<sockaddr_in>(*this);
        return inet_ntop(AF_INET, &address.sin_addr, space, sizeof(space));
    }
    if (family() == AF_INET6) {
        const auto address = as<sockaddr_in6>(*this);
        return inet_ntop(AF_INET6, &address.sin6_addr, space, sizeof(space));
    }
    return is_unix() ? "unix" : "none";
}

bool Address::operator==(const Address& other) const {
    if (size_ != other.size_ || family() != other.family()) return false;
    if (family() == AF_INET6) {
        // Not the flow label, which is the sender's business.
        const auto a = as<sockaddr_in6>(*this);
        const auto b = as<sockaddr_in6>(other);
        return a.sin6_port == b.sin6_port && a.sin6_scope_id == b.sin6_scope_id &&
               std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof(in6_addr)) == 0;
    }
    if (family() == AF_INET) {
        const auto a = as<sockaddr_in>(*this);
        const auto b = as<sockaddr_in>(other);
        return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
    }
    return std::memcmp(&storage_, &other.storage_, size_) == 0;
}

}  // namespace ringway::core
