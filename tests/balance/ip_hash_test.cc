#include "balance/ip_hash.h"

#include <gtest/gtest.h>

#include <array>

namespace ringway::balance {
namespace {

using V4 = std::array<std::uint8_t, 4>;
using V6 = std::array<std::uint8_t, 16>;

constexpr V6 privacy_one{0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
constexpr V6 privacy_two{0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 8, 7, 6, 5, 4, 3, 2, 1};
constexpr V6 next_network{0x20, 1, 0xd, 0xb8, 0, 1, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8};

TEST(IpHash, KeepsPrivacyAddressesOfOneNetworkTogether) {
    EXPECT_EQ(ip_key(privacy_one, {}), ip_key(privacy_two, {}));
    EXPECT_NE(ip_key(privacy_one, {}), ip_key(next_network, {}));
    EXPECT_EQ(ip_key(privacy_one, {.v6_bits = 63}), ip_key(next_network, {.v6_bits = 63}));
    EXPECT_NE(ip_key(privacy_one, {.v6_bits = 128}), ip_key(privacy_two, {.v6_bits = 128}));
}

TEST(IpHash, LooksAtWholeBitsOfAnIpv4Prefix) {
    const V4 low{10, 1, 2, 0x41};
    const V4 high{10, 1, 2, 0x7f};
    EXPECT_NE(ip_key(low, {}), ip_key(high, {}));
    EXPECT_EQ(ip_key(low, {.v4_bits = 26}), ip_key(high, {.v4_bits = 26}));
    EXPECT_NE(ip_key(low, {.v4_bits = 27}), ip_key(high, {.v4_bits = 27}));
}

TEST(IpHash, AMappedAddressIsTheIpv4Address) {
    const V4 plain{192, 0, 2, 7};
    const V6 in_v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
    EXPECT_EQ(ip_key(plain, {}), ip_key(in_v6, {}));
}

}  // namespace
}  // namespace ringway::balance
