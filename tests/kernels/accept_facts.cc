// What the engine believes about accepting and connecting.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <vector>

#include "tests/kernels/ring.h"
#include "tests/kernels/sockets.h"

namespace ringway::kernels {
namespace {

constexpr std::uint64_t accept_tag = 100;

void start_accept(Ring& ring, int listener) {
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, accept_tag);
}

TEST(MultishotAccept, DeliversManyConnectionsForOneRequest) {
    Ring ring;
    const Listener listener = listen_on_loopback();
    start_accept(ring, listener.fd.get());
    for (int i = 0; i < 5; ++i) {
        const Fd client = connect_to(listener);
        const Cqe cqe = ring.wait();
        ASSERT_GE(cqe.res, 0);
        const Fd accepted(cqe.res);
        EXPECT_TRUE(cqe.more());
        write_text(client, "x");
        EXPECT_EQ(seen_by(accepted), Seen::bytes);
    }
}

TEST(MultishotAccept, GivesSocketsTheListenersOptions) {
    Ring ring;
    const Listener listener = listen_on_loopback();
    const int fd = listener.fd.get();
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 65536);
    start_accept(ring, fd);
    const Fd client = connect_to(listener);
    const Fd accepted(ring.wait().res);
    ASSERT_GE(accepted.get(), 0);
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT), 65536);
}

TEST(MultishotAccept, IsCancelledByUserDataAndLeavesTheQueueAlone) {
    Ring ring;
    const Listener listener = listen_on_loopback();
    start_accept(ring, listener.fd.get());
    ASSERT_TRUE(ring.stays_quiet());
    start_cancel(ring, accept_tag, 1);
    for (const Cqe& cqe : ring.wait_all(2)) {
        EXPECT_EQ(cqe.res, cqe.tag == 1 ? 0 : -ECANCELED);
        EXPECT_FALSE(cqe.more());
    }
    const Fd client = connect_to(listener);
    EXPECT_TRUE(ring.stays_quiet());
    start_accept(ring, listener.fd.get());
    const Fd accepted(ring.wait().res);
    EXPECT_GE(accepted.get(), 0);
}

TEST(MultishotAccept, EndsWhenDescriptorsRunOut) {
    Ring ring;
    const Listener listener = listen_on_loopback();
    const Fd client = connect_to(listener);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit small{.rlim_cur = 48, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
    std::vector<Fd> all;
    for (int fd = eventfd(0, 0); fd >= 0; fd = eventfd(0, 0)) {
        all.emplace_back(fd);
    }
    start_accept(ring, listener.fd.get());
    const Cqe refused = ring.wait();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(refused.res, -EMFILE);
    EXPECT_FALSE(refused.more());
}

// A multishot that meets a full queue ends, and says so on a completion that is a success.
TEST(MultishotAccept, LosesNothingToAFullQueueIfRearmedByTheMoreFlag) {
    constexpr std::size_t count = 40;
    Ring ring({.sq_entries = 4, .cq_entries = 8});
    const Listener listener = listen_on_loopback();
    std::vector<Fd> clients;
    clients.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(connect_to(listener));
    }
    start_accept(ring, listener.fd.get());
    std::vector<Fd> accepted;
    int rearmed = 0;
    while (accepted.size() < count) {
        const Cqe cqe = ring.wait();
        ASSERT_FALSE(cqe.missing) << "after " << accepted.size();
        ASSERT_GE(cqe.res, 0);
        accepted.emplace_back(cqe.res);
        if (!cqe.more()) {
            start_accept(ring, listener.fd.get());
            ++rearmed;
        }
    }
    EXPECT_GT(rearmed, 0);
    EXPECT_TRUE(ring.stays_quiet());
}

TEST(MultishotAccept, TakesUnixSockets) {
    Ring ring;
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Only the family: the kernel chooses an abstract name.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.get(), generic, sizeof(sa_family_t)), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
    start_accept(ring, listener.get());
    const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), generic, size), 0);
    const Cqe cqe = ring.wait();
    ASSERT_GE(cqe.res, 0);
    EXPECT_TRUE(cqe.more());
    const Fd accepted(cqe.res);
    write_text(client, "x");
    EXPECT_EQ(seen_by(accepted), Seen::bytes);
}

void start_connect(Ring& ring, const Fd& fd, const LoopbackAddress& address) {
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_connect(sqe, fd.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof(sockaddr_in));
    io_uring_sqe_set_data64(sqe, 1);
}

TEST(Connect, KeepsNoPointerToTheAddressAfterTheSubmission) {
    Ring ring;
    const Listener listener = listen_on_loopback();
    const Fd fd = tcp_socket();
    LoopbackAddress address = loopback(listener.port);
    start_connect(ring, fd, address);
    ASSERT_EQ(ring.submit(), 1);
    address = {};
    EXPECT_EQ(ring.wait().res, 0);
}

TEST(Connect, IsRefusedByAClosedPort) {
    Ring ring;
    Listener listener = listen_on_loopback();
    listener.fd.reset();
    const Fd fd = tcp_socket();
    start_connect(ring, fd, loopback(listener.port));
    EXPECT_EQ(ring.wait().res, -ECONNREFUSED);
}

TEST(Connect, ThatHangsIsCancelledByUserData) {
    Ring ring;
    // A queue of one, filled: the kernel drops the next SYN and the client would try for minutes.
    const Listener listener = listen_on_loopback(0);
    const Fd queued = connect_to(listener);
    const Fd fd = tcp_socket();
    start_connect(ring, fd, loopback(listener.port));
    ASSERT_TRUE(ring.stays_quiet());
    start_cancel(ring, 1, 2);
    for (const Cqe& cqe : ring.wait_all(2)) {
        EXPECT_EQ(cqe.res, cqe.tag == 2 ? 0 : -ECANCELED);
    }
}

}  // namespace
}  // namespace ringway::kernels
