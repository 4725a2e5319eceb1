// A block of addresses, "10.0.0.0/8", "2001:db8::/32" or one address alone, and whether a peer is
// in it. "unix:" stands for all peers on UNIX sockets. An IPv4 peer that an IPv6 socket shows as
// ::ffff:10.0.0.1 is the IPv4 peer it is. Plain data, 18 bytes, copied freely; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/packed_address.h"
#include "core/result.h"

namespace ringway::core {

class AddressPrefix {
public:
    // The error's `what` says what is wrong with the text.
    static Result<AddressPrefix> parse(std::string_view text);

    bool contains(const PackedAddress& peer) const;
    // In the form `parse` takes.
    std::string text() const;

    bool operator==(const AddressPrefix&) const = default;

private:
    enum class Kind : std::uint8_t { local, ipv4, ipv6 };

    std::array<std::uint8_t, 16> bytes_{};
    std::uint8_t bits_ = 0;
    Kind kind_ = Kind::local;
};

}  // namespace ringway::core
