// The part of an Address that identifies a peer, in 20 bytes instead of 136: what a connection
// keeps of who is at the other end. Plain data, copied freely; it belongs to whoever holds it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/address.h"

namespace ringway::core {

class PackedAddress {
public:
    PackedAddress() = default;
    explicit PackedAddress(const Address& address);

    // False until an address was put in; an unknown peer counts as set.
    bool is_set() const { return family_ != Family::unset; }
    std::uint16_t port() const { return port_; }
    bool is_local() const { return family_ == Family::local; }
    // 4 bytes, 16, or none.
    std::span<const std::uint8_t> host_bytes() const {
        if (family_ == Family::ipv4) return std::span{host_}.first(4);
        if (family_ == Family::ipv6) return host_;
        return {};
    }

    // "10.0.0.1", "2001:db8::1", "unix" or "unknown"; a view into `space`.
    static constexpr std::size_t text_max = 46;
    std::string_view host_text(char (&space)[text_max]) const;

    bool operator==(const PackedAddress&) const = default;

private:
    enum class Family : std::uint8_t { unset, ipv4, ipv6, local, unknown };

    std::array<std::uint8_t, 16> host_{};
    std::uint16_t port_ = 0;
    Family family_ = Family::unset;
};

}  // namespace ringway::core
