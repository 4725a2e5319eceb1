#include "core/address_prefix.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace ringway::core {

namespace {

constexpr std::string_view local_text = "unix:";
constexpr std::array<std::uint8_t, 12> mapped_begin = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::unexpected<Error> bad(const char* what) {
    return std::unexpected(Error{.code = Errc::bad_address, .what = what});
}

bool has_prefix(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> prefix,
                unsigned bits) {
    const std::size_t whole = bits / 8;
    if (std::memcmp(bytes.data(), prefix.data(), whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto differing = static_cast<unsigned>(bytes[whole] ^ prefix[whole]);
    return differing >> (8 - bits % 8) == 0;
}

// Whether a bit behind the first `bits` is set.
bool has_more(std::span<const std::uint8_t> bytes, unsigned bits) {
    for (unsigned bit = bits; bit < bytes.size() * 8; bit++) {
        if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
    }
    return false;
}

}  // namespace

Result<AddressPrefix> AddressPrefix::parse(std::string_view text) {
    AddressPrefix prefix;
    if (text == local_text) return prefix;
    const std::size_t slash = text.find('/');
    const std::string host{text.substr(0, slash)};
    std::size_t size = 4;
    prefix.kind_ = Kind::ipv4;
    if (inet_pton(AF_INET, host.c_str(), prefix.bytes_.data()) != 1) {
        size = 16;
        prefix.kind_ = Kind::ipv6;
        if (inet_pton(AF_INET6, host.c_str(), prefix.bytes_.data()) != 1) {
            return bad("it is neither an IPv4 nor an IPv6 address");
        }
    }
    unsigned bits = static_cast<unsigned>(size * 8);
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(length.data(), length.data() + length.size(), bits);
        if (error != std::errc{} || end != length.data() + length.size() || bits > size * 8) {
            return bad("behind the slash stands no length that such an address has");
        }
    }
    if (has_more(std::span{prefix.bytes_}.first(size), bits)) {
        return bad("the address has bits set behind the length of the block");
    }
    prefix.bits_ = static_cast<std::uint8_t>(bits);
    return prefix;
}

bool AddressPrefix::contains(const PackedAddress& peer) const {
    if (kind_ == Kind::local) return peer.is_local();
    std::span<const std::uint8_t> host = peer.host_bytes();
    const bool is_mapped = host.size() == 16 && std::ranges::equal(host.first(12), mapped_begin);
    if (is_mapped && kind_ == Kind::ipv4) host = host.subspan(12);
    if (host.size() != (kind_ == Kind::ipv4 ? 4U : 16U)) return false;
    return has_prefix(host, bytes_, bits_);
}

std::string AddressPrefix::text() const {
    if (kind_ == Kind::local) return std::string(local_text);
    char space[INET6_ADDRSTRLEN];
    const char* host =
        inet_ntop(kind_ == Kind::ipv4 ? AF_INET : AF_INET6, bytes_.data(), space, sizeof space);
    return fmt::format("{}/{}", host, bits_);
}

}  // namespace ringway::core
