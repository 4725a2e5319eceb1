#include "loadtest/load/source_io.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

constexpr std::uint32_t sources_max = 65'536;

core::Address ipv4(std::uint32_t number) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(number);
    return core::Address::from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

bool read_ipv4(std::string_view text, std::uint32_t& number) {
    in_addr read{};
    if (inet_pton(AF_INET, std::string{text}.c_str(), &read) != 1) return false;
    number = ntohl(read.s_addr);
    return true;
}

// One address, or a range of them. False when it is neither.
bool add_sources(std::string_view text, std::vector<core::Address>& sources) {
    std::string_view last_text = text;
    const std::string_view first_text = take_until(last_text, '-');
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    if (!read_ipv4(first_text, first)) {
        const auto other = core::Address::parse(fmt::format("[{}]:0", text));
        if (other) sources.push_back(*other);
        return other.has_value();
    }
    if (last_text.empty()) last_text = first_text;
    if (!read_ipv4(last_text, last) || last < first || last - first >= sources_max) return false;
    for (std::uint32_t i = 0; i <= last - first; i++) sources.push_back(ipv4(first + i));
    return true;
}

}  // namespace

std::expected<std::vector<core::Address>, std::string> read_sources(std::string_view text) {
    std::vector<core::Address> sources;
    std::uint32_t count = 0;
    if (read_quantity(text, count)) {
        if (count == 0 || count > sources_max) {
            return std::unexpected(fmt::format("1 to {} source addresses", sources_max));
        }
        for (std::uint32_t i = 0; i < count; i++) sources.push_back(ipv4(INADDR_LOOPBACK + i));
        return sources;
    }
    while (!text.empty()) {
        const std::string_view one = take_until(text, ',');
        if (!add_sources(one, sources)) {
            return std::unexpected(fmt::format("'{}' is no address, nor 10.0.0.1-10.0.0.9", one));
        }
    }
    return sources;
}

core::Result<int> SourceIo::open_socket(const core::Address& peer) {
    core::Result<int> fd = under().open_socket(peer);
    if (!fd) return fd;
    if (options_.receive_buffer_bytes > 0) {
        setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &options_.receive_buffer_bytes,
                   sizeof options_.receive_buffer_bytes);
    }
    if (options_.sources.empty() || peer.is_unix()) return fd;
    const int on = 1;
    setsockopt(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const core::Address& source = options_.sources[next_++ % options_.sources.size()];
    if (::bind(*fd, source.data(), source.size()) == 0) return fd;
    const int sys = errno;
    ::close(*fd);
    return std::unexpected(core::Error{
        .code = core::errc_of(sys), .sys = sys, .what = "the source address cannot be had"});
}

}  // namespace ringway::loadtest
