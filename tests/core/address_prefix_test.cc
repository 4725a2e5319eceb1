#include "core/address_prefix.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::core {
namespace {

bool contains(std::string_view prefix, std::string_view peer) {
    const Result<AddressPrefix> parsed = AddressPrefix::parse(prefix);
    EXPECT_TRUE(parsed.has_value()) << prefix;
    return parsed->contains(PackedAddress{Address::parse(peer).value()});
}

TEST(AddressPrefix, ContainsWhatBeginsWithItsBits) {
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1:80"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1:80"));
    EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.128:80"));
    EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.255:80"));
    EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127:80"));
    EXPECT_TRUE(contains("2001:db8::/33", "[2001:db8:7fff::1]:80"));
    EXPECT_FALSE(contains("2001:db8::/33", "[2001:db8:8000::1]:80"));
}

TEST(AddressPrefix, WithoutALengthIsOneAddress) {
    EXPECT_TRUE(contains("10.0.0.1", "10.0.0.1:1"));
    EXPECT_FALSE(contains("10.0.0.1", "10.0.0.2:1"));
    EXPECT_TRUE(contains("::1", "[::1]:1"));
    EXPECT_FALSE(contains("::1", "[::2]:1"));
}

TEST(AddressPrefix, OfLengthZeroContainsItsFamilyAndNoOther) {
    EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9:1"));
    EXPECT_FALSE(contains("0.0.0.0/0", "[2001:db8::1]:1"));
    EXPECT_TRUE(contains("::/0", "[2001:db8::1]:1"));
    EXPECT_FALSE(contains("::/0", "203.0.113.9:1"));
    EXPECT_FALSE(contains("0.0.0.0/0", "unix:/run/x.sock"));
    EXPECT_TRUE(contains("unix:", "unix:/run/x.sock"));
    EXPECT_FALSE(contains("unix:", "203.0.113.9:1"));
}

TEST(AddressPrefix, KnowsAnIpv4PeerOnAnIpv6Socket) {
    EXPECT_TRUE(contains("10.0.0.0/8", "[::ffff:10.1.2.3]:1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "[::ffff:11.1.2.3]:1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "[::10.1.2.3]:1"));
}

TEST(AddressPrefix, IsPrintedAsItIsRead) {
    for (const std::string text :
         {"10.0.0.0/8", "0.0.0.0/0", "10.0.0.1/32", "2001:db8::/32", "::/0", "unix:"}) {
        EXPECT_EQ(AddressPrefix::parse(text)->text(), text);
    }
    EXPECT_EQ(AddressPrefix::parse("10.0.0.1")->text(), "10.0.0.1/32");
}

TEST(AddressPrefix, RefusesWhatIsNone) {
    for (const char* text :
         {"", "/", "/8", "10.0.0/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ",
          "10.0.0.0/8/8", "::/129", "example.com", "10.0.0.1/8", "2001:db8::1/32", "0.0.0.1/0"}) {
        const Result<AddressPrefix> parsed = AddressPrefix::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_STRNE(parsed.error().what, "");
    }
}

}  // namespace
}  // namespace ringway::core
