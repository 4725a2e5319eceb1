#include "core/listen_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace ringway::core {
namespace {

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
    explicit Fd(Result<int> fd) : Fd(fd.value_or(-1)) {
        if (!fd) ADD_FAILURE() << fd.error().what << ": " << fd.error().sys;
    }
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Fd() { reset(); }
    void reset() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    operator int() const { return fd_; }

private:
    int fd_;
};

Address address(const std::string& text) {
    return Address::parse(text).value();
}

Address bound(const Fd& fd) {
    const Result<Address> result = local_address(fd);
    EXPECT_TRUE(result.has_value());
    return result.value_or(Address{});
}

Errc code_of(const Result<int>& result) {
    if (result) ::close(*result);
    return result ? Errc::ended : result.error().code;
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

Fd connected(const Address& peer) {
    Fd fd{socket(peer.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(connect(fd, peer.data(), peer.size()), 0);
    return fd;
}

std::string us() {
    std::string name(16, '\0');
    Fd comm{open("/proc/self/comm", O_RDONLY)};
    name.resize(static_cast<std::size_t>(read(comm, name.data(), name.size())) - 1);
    return fmt::format("{}, pid {} (this very process)", name, getpid());
}

class UnixPath {
public:
    UnixPath() { EXPECT_NE(mkdtemp(directory_.data()), nullptr); }
    ~UnixPath() {
        unlink(path().c_str());
        rmdir(directory_.c_str());
    }
    std::string path() const { return directory_ + "/socket"; }
    Address address() const { return core::Address::parse("unix:" + path()).value(); }

private:
    std::string directory_ = "/tmp/ringway-listen-XXXXXX";
};

TEST(ListenSocket, TakesConnectionsThatSendWithoutDelay) {
    const Fd listener{open_listen_socket(address("127.0.0.1:0"))};
    EXPECT_TRUE(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    const Fd client = connected(bound(listener));
    const Fd accepted{accept(listener, nullptr, nullptr)};
    EXPECT_NE(option(accepted, IPPROTO_TCP, TCP_NODELAY), 0);
}

TEST(ListenSocket, SeveralShareAnAddress) {
    const Fd first{open_listen_socket(address("127.0.0.1:0"))};
    const Fd second{open_listen_socket(bound(first))};
    EXPECT_EQ(bound(first), bound(second));
}

TEST(ListenSocket, AnExclusiveOneMeetsWhoeverIsThere) {
    const Fd first{open_listen_socket(address("127.0.0.1:0"))};
    const auto second = open_listen_socket(bound(first), {.exclusive = true});
    EXPECT_EQ(code_of(second), Errc::address_in_use);
    const auto wildcard = open_listen_socket(
        address(fmt::format("0.0.0.0:{}", bound(first).port())), {.exclusive = true});
    EXPECT_EQ(code_of(wildcard), Errc::address_in_use);
}

TEST(ListenSocket, AnExclusiveOneMayBeJoinedByItsFleetButByNoOtherExclusiveOne) {
    const Fd first{open_listen_socket(address("127.0.0.1:0"), {.exclusive = true})};
    const Fd second{open_listen_socket(bound(first))};
    const Fd third{open_listen_socket(bound(first))};
    EXPECT_EQ(code_of(open_listen_socket(bound(first), {.exclusive = true})), Errc::address_in_use);
}

// The kernel spreads connections over all sockets of an address, also over those that joined one
// that was bound exclusively: with 64 connections each of two gets some (2^-63 of never).
TEST(ListenSocket, TheKernelSpreadsConnectionsOverAnExclusiveOneAndThoseThatJoined) {
    const Fd first{open_listen_socket(address("127.0.0.1:0"), {.exclusive = true})};
    const Fd second{open_listen_socket(bound(first))};
    std::vector<Fd> clients;
    for (int i = 0; i < 64; i++) clients.push_back(connected(bound(first)));
    for (const Fd* listener : {&first, &second}) {
        fcntl(*listener, F_SETFL, O_NONBLOCK);
        EXPECT_TRUE(Fd{accept(*listener, nullptr, nullptr)} >= 0);
    }
}

TEST(ListenSocket, ConnectionsLeftInTimeWaitDoNotKeepUsOut) {
    Fd listener{open_listen_socket(address("127.0.0.1:0"), {.exclusive = true})};
    const Address where = bound(listener);
    Fd client = connected(where);
    // The side that closes first keeps TIME_WAIT: ours.
    Fd{accept(listener, nullptr, nullptr)}.reset();
    client.reset();
    listener.reset();
    const Fd again{open_listen_socket(where, {.exclusive = true})};
}

TEST(ListenSocket, Ipv4AndIpv6StandSideBySide) {
    // The port that is drawn for one may be somebody else's in the other: a few more are drawn.
    // Drawn in IPv4, whose ports other tests' connections fill for a minute after they ended.
    int tries = 10;
    std::vector<Fd> held;
    Result<int> v6 = std::unexpected(Error{});
    while (!v6 && tries-- > 0) {
        held.emplace_back(open_listen_socket(address("0.0.0.0:0"), {.exclusive = true}));
        const auto port = bound(held.back()).port();
        v6 = open_listen_socket(address(fmt::format("[::]:{}", port)), {.exclusive = true});
    }
    const Fd beside{v6};
    EXPECT_EQ(bound(beside).port(), bound(held.back()).port());
}

TEST(ListenSocket, NamesAnAddressThatIsNotOurs) {
    EXPECT_EQ(code_of(open_listen_socket(address("192.0.2.1:0"))), Errc::bad_address);
}

TEST(ListenSocket, ListensOnUnixPathsAndAbstractNames) {
    const UnixPath path;
    const Fd listener{open_listen_socket(path.address())};
    const Fd client = connected(path.address());
    const Fd accepted{accept(listener, nullptr, nullptr)};
    const Address name = address(fmt::format("unix:@ringway-test-{}", getpid()));
    const Fd by_name{open_listen_socket(name)};
    EXPECT_EQ(bound(by_name), name);
    EXPECT_EQ(code_of(open_listen_socket(name)), Errc::address_in_use);
}

TEST(ListenSocket, TakesOverAUnixPathThatNobodyListensOnAndNoOther) {
    const UnixPath path;
    Fd crashed{open_listen_socket(path.address())};
    EXPECT_EQ(code_of(open_listen_socket(path.address())), Errc::address_in_use);
    crashed.reset();
    const Fd next{open_listen_socket(path.address())};
    const Fd client = connected(path.address());
}

TEST(ListenSocket, LeavesAFileAloneThatIsNoSocket) {
    const UnixPath path;
    Fd{open(path.path().c_str(), O_CREAT | O_WRONLY, 0600)}.reset();
    EXPECT_EQ(code_of(open_listen_socket(path.address())), Errc::address_in_use);
    EXPECT_EQ(access(path.path().c_str(), F_OK), 0);
}

TEST(HolderOf, NamesTheProcessThatListens) {
    const Fd listener{open_listen_socket(address("127.0.0.1:0"))};
    EXPECT_EQ(holder_of(bound(listener)), us());
    EXPECT_EQ(holder_of(address(fmt::format("0.0.0.0:{}", bound(listener).port()))), us());
}

TEST(HolderOf, NamesTheHolderOfIpv6AndUnixAddresses) {
    const Fd v6{open_listen_socket(address("[::1]:0"))};
    EXPECT_EQ(holder_of(bound(v6)), us());
    const UnixPath path;
    const Fd unix_listener{open_listen_socket(path.address())};
    EXPECT_EQ(holder_of(path.address()), us());
    const Address name = address(fmt::format("unix:@ringway-holder-{}", getpid()));
    const Fd by_name{open_listen_socket(name)};
    EXPECT_EQ(holder_of(name), us());
}

TEST(HolderOf, NamesNobodyWhereNobodyListens) {
    Fd listener{open_listen_socket(address("127.0.0.1:0"))};
    const Address where = bound(listener);
    // Connected sockets hold no address, and another host's port is another address.
    EXPECT_EQ(holder_of(address(fmt::format("127.0.0.2:{}", where.port()))), "");
    listener.reset();
    EXPECT_EQ(holder_of(where), "");
    EXPECT_EQ(holder_of(address("unix:/nowhere/at/all")), "");
}

}  // namespace
}  // namespace ringway::core
