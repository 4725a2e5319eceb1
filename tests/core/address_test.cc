#include "core/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::core {
namespace {

Address parsed(std::string_view text) {
    const Result<Address> address = Address::parse(text);
    EXPECT_TRUE(address.has_value()) << text << ": " << address.error().what;
    return address.value_or(Address{});
}

std::string error_of(std::string_view text) {
    const Result<Address> address = Address::parse(text);
    if (address.has_value()) return "none: " + address->text();
    EXPECT_EQ(address.error().code, Errc::bad_address);
    return address.error().what;
}

TEST(Address, PrintsWhatItParsed) {
    const std::vector<std::string> texts{
        "10.0.0.1:8080",
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::1]:8080",
        "[::]:443",
        "[2001:db8::1:2]:1",
        "[fe80::1%lo]:80",
        "unix:/run/app.sock",
        "unix:relative/app.sock",
        "unix:@abstract",
        "unix:@with/slash:80",
    };
    for (const std::string& text : texts) EXPECT_EQ(parsed(text).text(), text);
}

TEST(Address, WritesIpv6InItsShortestForm) {
    EXPECT_EQ(parsed("[2001:0DB8:0:0:0:0:0:1]:80").text(), "[2001:db8::1]:80");
}

TEST(Address, TellsFamilyAndPort) {
    EXPECT_EQ(parsed("10.0.0.1:8080").family(), AF_INET);
    EXPECT_EQ(parsed("10.0.0.1:8080").port(), 8080);
    EXPECT_EQ(parsed("[::1]:443").family(), AF_INET6);
    EXPECT_EQ(parsed("[::1]:443").port(), 443);
    EXPECT_TRUE(parsed("unix:/a").is_unix());
    EXPECT_EQ(parsed("unix:/a").port(), 0);
    EXPECT_EQ(Address::ipv4_loopback(80), parsed("127.0.0.1:80"));
}

TEST(Address, ExchangesThePortAlone) {
    EXPECT_EQ(parsed("10.0.0.1:8080").with_port(99), parsed("10.0.0.1:99"));
    EXPECT_EQ(parsed("[::1]:8080").with_port(99), parsed("[::1]:99"));
}

TEST(Address, HostTextIsTheHostAlone) {
    char space[Address::host_text_max];
    EXPECT_EQ(parsed("10.0.0.1:8080").host_text(space), "10.0.0.1");
    EXPECT_EQ(parsed("[2001:db8::1]:8080").host_text(space), "2001:db8::1");
    EXPECT_EQ(parsed("[fe80::1%lo]:80").host_text(space), "fe80::1");
    EXPECT_EQ(parsed("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:1").host_text(space),
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    EXPECT_EQ(parsed("unix:/a").host_text(space), "unix");
}

TEST(Address, ComparesEveryPart) {
    const std::vector<std::string> distinct{
        "10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:81",  "[::1]:80",
        "[::2]:80",    "[::1]:81",    "[fe80::1]:80", "[fe80::1%lo]:80",
        "unix:/a",     "unix:/ab",    "unix:@a",      "[::ffff:10.0.0.1]:80",
    };
    for (const std::string& a : distinct) {
        for (const std::string& b : distinct) EXPECT_EQ(parsed(a) == parsed(b), a == b) << a << b;
    }
    EXPECT_EQ(Address{}, Address{});
}

TEST(Address, SaysWhatIsWrong) {
    EXPECT_EQ(error_of(""), "the address is empty");
    EXPECT_EQ(error_of("10.0.0.1"), "the port is missing, as in '10.0.0.1:8080'");
    EXPECT_EQ(error_of("8080"), "the port is missing, as in '10.0.0.1:8080'");
    EXPECT_EQ(error_of("10.0.0.1:"), "the port after the ':' is missing");
    EXPECT_EQ(error_of("10.0.0.1:http"), "the port is not a number");
    EXPECT_EQ(error_of("10.0.0.1:80x"), "the port is not a number");
    EXPECT_EQ(error_of("10.0.0.1:-1"), "the port is not a number");
    EXPECT_EQ(error_of("10.0.0.1:+1"), "the port is not a number");
    EXPECT_EQ(error_of("10.0.0.1: 1"), "the port is not a number");
    EXPECT_EQ(error_of("10.0.0.1:65536"), "the port is above 65535");
    EXPECT_EQ(error_of("10.0.0.1:99999999999999999999"), "the port is above 65535");
    EXPECT_EQ(error_of(":8080"), "for every address write '0.0.0.0' or '[::]'");
    EXPECT_EQ(error_of("*:8080"), "for every address write '0.0.0.0' or '[::]'");
    EXPECT_EQ(error_of("localhost:8080"), "a name where a literal address is expected");
    EXPECT_EQ(error_of(" 10.0.0.1:80"), "a name where a literal address is expected");
    EXPECT_EQ(error_of("http://10.0.0.1:80"), "an address has no scheme such as 'http://'");
    const std::string four = "an IPv4 address has four numbers up to 255, without leading zeros";
    EXPECT_EQ(error_of("10.0.0:80"), four);
    EXPECT_EQ(error_of("10.0.0.256:80"), four);
    EXPECT_EQ(error_of("10.0.0.01:80"), four);
    EXPECT_EQ(error_of("10.0.0.1.1:80"), four);
    EXPECT_EQ(error_of("::1:80"), "IPv6 needs brackets, as in '[::1]:8080'");
    EXPECT_EQ(error_of("[::1"), "the ']' is missing");
    EXPECT_EQ(error_of("[::1]"), "the port is missing, as in '[::1]:8080'");
    EXPECT_EQ(error_of("[::1]8080"), "the port is missing, as in '[::1]:8080'");
    EXPECT_EQ(error_of("[]:80"), "what stands in the brackets is not an IPv6 address");
    EXPECT_EQ(error_of("[10.0.0.1]:80"), "what stands in the brackets is not an IPv6 address");
    EXPECT_EQ(error_of("[fe80::1%nowhere9]:80"), "there is no network interface of that name");
    EXPECT_EQ(error_of("unix:"), "the path after 'unix:' is missing");
    EXPECT_EQ(error_of("unix:@"), "the path after 'unix:' is missing");
    EXPECT_EQ(error_of(std::string_view{"unix:/a\0b", 9}), "the address holds a zero byte");
    EXPECT_EQ(error_of(std::string_view{"10.0.0.1\0:80", 12}), "the address holds a zero byte");
}

TEST(Address, TakesUnixPathsUpToWhatTheKernelTakes) {
    const std::string longest = "unix:/" + std::string(106, 'x');
    EXPECT_EQ(parsed(longest).text(), longest);
    EXPECT_EQ(error_of(longest + "x"),
              "the path is longer than the 107 bytes that the kernel takes");
    const std::string abstract = "unix:@" + std::string(107, 'x');
    EXPECT_EQ(parsed(abstract).text(), abstract);
    EXPECT_EQ(error_of(abstract + "x"),
              "the path is longer than the 107 bytes that the kernel takes");
}

TEST(Address, TakesAnyTextWithoutTouchingWhatLiesBehindIt) {
    // Every prefix of every valid form; ASan sees a read past the end.
    for (const std::string_view text :
         {"10.0.0.1:8080", "[fe80::1%lo]:80", "unix:/run/app.sock", "unix:@abstract"}) {
        for (std::size_t size = 0; size < text.size(); size++) {
            const std::vector<char> exact(text.begin(), text.begin() + std::ptrdiff_t(size));
            const auto address = Address::parse({exact.data(), exact.size()});
            if (address) {
                EXPECT_EQ(address->text(), text.substr(0, size));
            }
        }
    }
}

TEST(Address, NormalisesUnixPathsOfAnySize) {
    sockaddr_un raw{};
    raw.sun_family = AF_UNIX;
    std::strcpy(raw.sun_path, "/a");
    for (const std::size_t size : {std::size_t{4}, std::size_t{5}, sizeof(raw)}) {
        const auto address =
            Address::from(reinterpret_cast<const sockaddr*>(&raw), static_cast<socklen_t>(size));
        EXPECT_EQ(address, parsed("unix:/a"));
    }
    const auto unnamed = Address::from(reinterpret_cast<const sockaddr*>(&raw), 2);
    EXPECT_EQ(unnamed.text(), "unix:");
}

TEST(Address, ANullAddressHasAText) {
    EXPECT_EQ(Address{}.text(), "none");
}

}  // namespace
}  // namespace ringway::core
