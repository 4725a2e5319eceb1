#include "balance/ip_hash.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/check.h"
#include "core/hash.h"

namespace ringway::balance {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::uint64_t ip_key(std::span<const std::uint8_t> address, const IpPrefixes& prefixes) {
    CHECK(address.size() == 4 || address.size() == 16);
    if (address.size() == 16 && std::ranges::equal(address.first(12), mapped)) {
        address = address.subspan(12);
    }
    const std::size_t bits = address.size() == 4 ? prefixes.v4_bits : prefixes.v6_bits;
    std::array<char, 16> network{};
    for (std::size_t i = 0; i < address.size() && i * 8 < bits; i++) {
        const std::size_t kept = std::min<std::size_t>(8, bits - i * 8);
        network[i] = static_cast<char>(address[i] & (0xffU << (8 - kept)));
    }
    // The family is the seed: 4 bytes of zeros and 16 of them are different networks anyway.
    return core::hash64(std::string_view{network.data(), address.size()}, address.size());
}

}  // namespace ringway::balance
