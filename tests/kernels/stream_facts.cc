// What the engine believes about receiving, sending and the end of a connection.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/kernels/ring.h"
#include "tests/kernels/sockets.h"

namespace ringway::kernels {
namespace {

constexpr std::uint64_t tag = 1;
constexpr std::uint64_t cancel_tag = 2;
constexpr std::size_t megabyte = 1 << 20;

void start_send(Ring& ring, const Fd& fd, std::string_view bytes) {
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_send(sqe, fd.get(), bytes.data(), bytes.size(), MSG_WAITALL);
    io_uring_sqe_set_data64(sqe, tag);
}

class Receive : public testing::Test {
protected:
    std::string_view received(const Cqe& cqe) {
        return {buffers_.bytes(cqe.buffer()), static_cast<std::size_t>(cqe.res)};
    }

    enum class Ending : std::uint8_t { closed, reset, cancelled };

    // The completion of a receive whose connection ends so before a byte has come.
    Cqe receive_that_ends(Ending ending) {
        Connection connection = connect_pair();
        start_receive(ring_, connection.ours.get(), tag);
        ring_.submit();
        switch (ending) {
            case Ending::closed:
                connection.peer.reset();
                break;
            case Ending::reset:
                reset_connection(connection.peer);
                break;
            case Ending::cancelled: {
                start_cancel(ring_, tag, cancel_tag);
                const auto both = ring_.wait_all(2);
                return both.front().tag == tag ? both.front() : both.back();
            }
        }
        return ring_.wait();
    }

    Ring ring_;
    ProvidedBuffers buffers_{ring_};
    Connection connection_ = connect_pair();
};

TEST_F(Receive, WithAnEmptyPoolWaitsAndFailsOnlyWhenBytesArrive) {
    start_receive(ring_, connection_.ours.get(), tag);
    EXPECT_TRUE(ring_.stays_quiet());
    write_text(connection_.peer, "hello");
    const Cqe refused = ring_.wait();
    EXPECT_EQ(refused.res, -ENOBUFS);
    EXPECT_FALSE(refused.has_buffer());
    // The bytes stayed where they were.
    buffers_.give(3);
    start_receive(ring_, connection_.ours.get(), tag);
    const Cqe taken = ring_.wait();
    ASSERT_EQ(taken.res, 5);
    ASSERT_TRUE(taken.has_buffer());
    EXPECT_EQ(taken.buffer(), 3u);
    EXPECT_EQ(received(taken), "hello");
}

TEST_F(Receive, WithoutPollFirstFailsAtOnceOnAnEmptyPool) {
    start_receive(ring_, connection_.ours.get(), tag);
    io_uring_sqe* sqe = ring_.sqe();
    io_uring_prep_recv(sqe, connection_.ours.get(), nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = ProvidedBuffers::group;
    io_uring_sqe_set_data64(sqe, cancel_tag);
    const Cqe cqe = ring_.wait();
    EXPECT_EQ(cqe.tag, cancel_tag);
    EXPECT_EQ(cqe.res, -ENOBUFS);
    EXPECT_TRUE(ring_.stays_quiet());
}

TEST_F(Receive, HoldsNoBufferWhileItWaits) {
    std::array<Connection, 4> idle;
    buffers_.give(0);
    for (Connection& connection : idle) {
        connection = connect_pair();
        start_receive(ring_, connection.ours.get(), 99);
    }
    ASSERT_TRUE(ring_.stays_quiet());
    start_receive(ring_, connection_.ours.get(), tag);
    write_text(connection_.peer, "mine");
    const Cqe cqe = ring_.wait();
    EXPECT_EQ(cqe.tag, tag);
    ASSERT_EQ(cqe.res, 4);
    EXPECT_EQ(received(cqe), "mine");
}

TEST_F(Receive, TellsWhetherBytesRemain) {
    buffers_.give(0);
    buffers_.give(1);
    buffers_.give(2);
    write_text(connection_.peer, std::string(ProvidedBuffers::bytes_each + 10, 'x'));
    start_receive(ring_, connection_.ours.get(), tag);
    const Cqe first = ring_.wait();
    EXPECT_EQ(first.res, static_cast<int>(ProvidedBuffers::bytes_each));
    EXPECT_NE(first.flags & IORING_CQE_F_SOCK_NONEMPTY, 0u);
    EXPECT_FALSE(first.more());
    start_receive(ring_, connection_.ours.get(), tag);
    const Cqe second = ring_.wait();
    EXPECT_EQ(second.res, 10);
    EXPECT_EQ(second.flags & IORING_CQE_F_SOCK_NONEMPTY, 0u);
}

// On 6.12 only TCP says so, on 6.18 both. Where a UNIX socket is silent, receives just stay small.
TEST(ReceiveFromAUnixSocket, NeverTellsOfBytesThatAreNotThere) {
    Ring ring;
    ProvidedBuffers buffers(ring);
    buffers.give(0);
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    const Fd ours(fds[0]);
    const Fd peer(fds[1]);
    write_text(peer, "all there is");
    start_receive(ring, ours.get(), tag);
    const Cqe cqe = ring.wait();
    EXPECT_EQ(cqe.res, 12);
    EXPECT_EQ(cqe.flags & IORING_CQE_F_SOCK_NONEMPTY, 0u);
}

TEST_F(Receive, ShowsTheEndOfTheStreamAtTheLatestWhenABufferIsBack) {
    connection_.peer.reset();
    start_receive(ring_, connection_.ours.get(), tag);
    const Cqe dry = ring_.wait();
    EXPECT_TRUE(dry.res == 0 || dry.res == -ENOBUFS) << dry.res;
    buffers_.give(0);
    start_receive(ring_, connection_.ours.get(), tag);
    EXPECT_EQ(ring_.wait().res, 0);
}

TEST_F(Receive, IsCancelledByUserDataAndLeavesTheConnectionIntact) {
    buffers_.give(0);
    start_receive(ring_, connection_.ours.get(), tag);
    ASSERT_TRUE(ring_.stays_quiet());
    start_cancel(ring_, tag, cancel_tag);
    for (const Cqe& cqe : ring_.wait_all(2)) {
        EXPECT_EQ(cqe.res, cqe.tag == cancel_tag ? 0 : -ECANCELED);
        EXPECT_FALSE(cqe.has_buffer());
    }
    write_text(connection_.peer, "still here");
    EXPECT_EQ(seen_by(connection_.ours), Seen::bytes);
}

TEST_F(Receive, ThatHasEndedIsNotFoundByACancel) {
    buffers_.give(0);
    start_receive(ring_, connection_.ours.get(), tag);
    write_text(connection_.peer, "x");
    ASSERT_EQ(ring_.wait().res, 1);
    start_cancel(ring_, tag, cancel_tag);
    EXPECT_EQ(ring_.wait().res, -ENOENT);
}

TEST_F(Receive, LandsInTheOwnersMemoryToo) {
    std::array<char, 64> space{};
    io_uring_sqe* sqe = ring_.sqe();
    io_uring_prep_recv(sqe, connection_.ours.get(), space.data(), space.size(), 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data64(sqe, tag);
    ASSERT_TRUE(ring_.stays_quiet());
    write_text(connection_.peer, "own memory");
    const Cqe cqe = ring_.wait();
    ASSERT_EQ(cqe.res, 10);
    EXPECT_EQ(std::string_view(space.data(), 10), "own memory");
}

TEST_F(Receive, IsEndedByAShutdownWithZeroAndThePeerSeesTheEnd) {
    buffers_.give(0);
    start_receive(ring_, connection_.ours.get(), tag);
    ASSERT_TRUE(ring_.stays_quiet());
    ASSERT_EQ(::shutdown(connection_.ours.get(), SHUT_RDWR), 0);
    const Cqe cqe = ring_.wait();
    EXPECT_EQ(cqe.tag, tag);
    EXPECT_EQ(cqe.res, 0);
    EXPECT_EQ(seen_by(connection_.peer), Seen::end);
}

// Why a connection is closed by a protocol (shutdown, join, close) and not by close(2) alone.
TEST_F(Receive, OutlivesACloseAndKeepsTheConnectionOpen) {
    buffers_.give(0);
    start_receive(ring_, connection_.ours.get(), tag);
    ASSERT_TRUE(ring_.stays_quiet());
    connection_.ours.reset();
    EXPECT_EQ(seen_by(connection_.peer), Seen::nothing);
    write_text(connection_.peer, "late");
    const Cqe cqe = ring_.wait();
    ASSERT_EQ(cqe.res, 4);
    EXPECT_EQ(received(cqe), "late");
    // The receive held the last reference: its end closed the socket.
    EXPECT_EQ(seen_by(connection_.peer), Seen::end);
}

TEST_F(Receive, HoldsBackNoCloseOfAnotherConnection) {
    Connection other = connect_pair();
    start_receive(ring_, connection_.ours.get(), tag);
    ASSERT_TRUE(ring_.stays_quiet());
    io_uring_sqe* sqe = ring_.sqe();
    io_uring_prep_close(sqe, other.ours.release());
    io_uring_sqe_set_data64(sqe, cancel_tag);
    const Cqe cqe = ring_.wait();
    EXPECT_EQ(cqe.tag, cancel_tag);
    EXPECT_EQ(cqe.res, 0);
    EXPECT_EQ(seen_by(other.peer), Seen::end);
}

// A buffer that is neither reported nor back in the ring would be lost for good.
TEST_F(Receive, LosesNoBufferToEndsResetsAndCancels) {
    buffers_.give(0);
    constexpr std::array endings{Ending::closed, Ending::reset, Ending::cancelled};
    for (const Ending ending : endings) {
        for (int time = 0; time < 3; ++time) {
            const Cqe cqe = receive_that_ends(ending);
            ASSERT_FALSE(cqe.missing);
            ASSERT_LE(cqe.res, 0);
            if (cqe.has_buffer()) {
                buffers_.give(0);
            }
        }
    }
    start_receive(ring_, connection_.ours.get(), tag);
    write_text(connection_.peer, "found");
    const Cqe cqe = ring_.wait();
    ASSERT_EQ(cqe.res, 5);
    EXPECT_EQ(received(cqe), "found");
}

TEST(Poll, ReportsOnceThatASocketIsReadable) {
    Ring ring;
    const Connection connection = connect_pair();
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_poll_add(sqe, connection.ours.get(), POLLIN);
    io_uring_sqe_set_data64(sqe, tag);
    ASSERT_TRUE(ring.stays_quiet());
    write_text(connection.peer, "x");
    const Cqe cqe = ring.wait();
    EXPECT_EQ(cqe.res & POLLIN, POLLIN);
    EXPECT_FALSE(cqe.more());
    write_text(connection.peer, "x");
    EXPECT_TRUE(ring.stays_quiet());
}

std::size_t read_to_the_end(int fd) {
    std::vector<char> space(16384);
    std::size_t total = 0;
    for (;;) {
        const auto count = ::recv(fd, space.data(), space.size(), 0);
        if (count <= 0) {
            return total;
        }
        total += static_cast<std::size_t>(count);
    }
}

TEST(Send, WithWaitallIsWholeEvenToASlowReader) {
    Ring ring;
    Connection connection = connect_pair();
    const std::vector<char> bytes(8 * megabyte, 'x');
    start_send(ring, connection.ours, {bytes.data(), bytes.size()});
    // More than the sockets hold: the send stays in flight while nobody reads.
    ASSERT_TRUE(ring.stays_quiet());
    std::size_t read = 0;
    std::thread reader([&] { read = read_to_the_end(connection.peer.get()); });
    const Cqe cqe = ring.wait();
    ::shutdown(connection.ours.get(), SHUT_RDWR);
    reader.join();
    EXPECT_EQ(cqe.res, static_cast<int>(bytes.size()));
    EXPECT_EQ(read, bytes.size());
}

// The reset shows as a short count, not as an error; the error comes with the next send.
TEST(Send, WithWaitallThatIsResetEndsShort) {
    Ring ring;
    Connection connection = connect_pair();
    const std::vector<char> bytes(8 * megabyte, 'x');
    start_send(ring, connection.ours, {bytes.data(), bytes.size()});
    ASSERT_TRUE(ring.stays_quiet());
    reset_connection(connection.peer);
    const Cqe cqe = ring.wait();
    ASSERT_FALSE(cqe.missing);
    EXPECT_NE(cqe.res, static_cast<int>(bytes.size()));
    start_send(ring, connection.ours, {bytes.data(), bytes.size()});
    EXPECT_LT(ring.wait().res, 0);
}

TEST(Send, IsEndedByAShutdown) {
    Ring ring;
    Connection connection = connect_pair();
    const std::vector<char> bytes(8 * megabyte, 'x');
    start_send(ring, connection.ours, {bytes.data(), bytes.size()});
    ASSERT_TRUE(ring.stays_quiet());
    ASSERT_EQ(::shutdown(connection.ours.get(), SHUT_RDWR), 0);
    const Cqe cqe = ring.wait();
    ASSERT_FALSE(cqe.missing);
    EXPECT_LT(cqe.res, static_cast<int>(bytes.size()));
}

TEST(Send, ToAClosedConnectionRaisesNoSignal) {
    Ring ring;
    Connection connection = connect_pair();
    ASSERT_EQ(::shutdown(connection.ours.get(), SHUT_WR), 0);
    start_send(ring, connection.ours, "x");
    EXPECT_EQ(ring.wait().res, -EPIPE);  // And we are alive to see it.
}

}  // namespace
}  // namespace ringway::kernels
