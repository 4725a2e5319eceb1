// A client address as a key: only its network counts, so that an IPv6 host whose privacy address
// changes, and a household behind one prefix, stay on one backend. Addresses mapped from IPv4 into
// IPv6 (::ffff:a.b.c.d) are the IPv4 address. The hash is fixed for ever, as all of these are.
// A pure function, any thread.
#pragma once

#include <cstdint>
#include <span>

namespace ringway::balance {

struct IpPrefixes {
    std::uint8_t v4_bits = 32;
    std::uint8_t v6_bits = 64;
};

// `address`: 4 or 16 bytes in network order.
std::uint64_t ip_key(std::span<const std::uint8_t> address, const IpPrefixes& prefixes);

}  // namespace ringway::balance
