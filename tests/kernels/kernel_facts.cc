// What the engine believes about io_uring, asked of the kernel that runs this program, without the
// engine in between. This file is about the ring itself; accept_facts.cc and stream_facts.cc are
// about sockets. The program is linked statically, so that it runs on a kernel with nothing else.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "tests/kernels/ring.h"
#include "tests/kernels/sockets.h"

namespace ringway::kernels {
namespace {

int setup_result(unsigned flags) {
    return Ring({.flags = flags}).setup_result();
}

TEST(Ring, TakesTheEnginesFlagsAndSizes) {
    const Ring ring({.sq_entries = 1024, .cq_entries = 8192});
    ASSERT_EQ(ring.setup_result(), 0);
    EXPECT_EQ(ring.params().sq_entries, 1024u);
    EXPECT_EQ(ring.params().cq_entries, 8192u);
    constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |
                                IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG |
                                IORING_FEAT_SINGLE_MMAP;
    EXPECT_EQ(ring.params().features & needed, needed);
}

TEST(Ring, RefusesDeferTaskrunWithoutSingleIssuer) {
    EXPECT_EQ(setup_result(IORING_SETUP_DEFER_TASKRUN), -EINVAL);
}

TEST(Ring, RefusesDeferTaskrunWithSqpoll) {
    EXPECT_EQ(setup_result(engine_flags | IORING_SETUP_SQPOLL), -EINVAL);
}

TEST(Ring, KnowsEveryOperationOfTheEngine) {
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
        io_uring_get_probe(), &io_uring_free_probe);
    ASSERT_NE(probe, nullptr);
    for (const int op :
         {IORING_OP_NOP, IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_SEND,
          IORING_OP_SENDMSG, IORING_OP_RECVMSG, IORING_OP_CLOSE, IORING_OP_ASYNC_CANCEL,
          IORING_OP_POLL_ADD, IORING_OP_READ, IORING_OP_SEND_ZC, IORING_OP_MSG_RING}) {
        EXPECT_TRUE(io_uring_opcode_supported(probe.get(), op)) << "operation " << op;
    }
}

TEST(Ring, RefusesTheSubmissionOfAnotherThread) {
    Ring ring;
    io_uring_prep_nop(ring.sqe());
    int submitted = 0;
    std::thread([&] { submitted = ring.submit(); }).join();
    EXPECT_EQ(submitted, -EEXIST);
    EXPECT_EQ(ring.submit(), 1);  // What the other thread could not hand over is not lost.
}

TEST(Ring, WorksThroughItsRegisteredDescriptor) {
    Ring ring;
    ASSERT_EQ(io_uring_register_ring_fd(ring.raw()), 1);
    io_uring_prep_nop(ring.sqe());
    EXPECT_EQ(ring.wait().res, 0);
    EXPECT_EQ(io_uring_unregister_ring_fd(ring.raw()), 1);
}

TEST(Ring, SubmitsTheRestOfABatchBehindABadEntry) {
    Ring ring;
    io_uring_sqe* bad = ring.sqe();
    io_uring_prep_nop(bad);
    bad->opcode = 255;
    io_uring_sqe_set_data64(bad, 1);
    io_uring_sqe* good = ring.sqe();
    io_uring_prep_nop(good);
    io_uring_sqe_set_data64(good, 2);
    EXPECT_EQ(ring.submit(), 2);
    const auto cqes = ring.wait_all(2);
    EXPECT_EQ(cqes[0].tag, 1u);
    EXPECT_EQ(cqes[0].res, -EINVAL);
    EXPECT_EQ(cqes[1].tag, 2u);
    EXPECT_EQ(cqes[1].res, 0);
}

TEST(Ring, WaitsNoLongerThanItIsTold) {
    Ring ring;
    EXPECT_TRUE(ring.stays_quiet());
    __kernel_timespec time{.tv_sec = 0, .tv_nsec = 1'000'000};
    io_uring_cqe* cqe = nullptr;
    EXPECT_EQ(io_uring_wait_cqes(ring.raw(), &cqe, 1, &time, nullptr), -ETIME);
}

TEST(Ring, KeepsCompletionsThatDoNotFitItsQueue) {
    constexpr std::size_t batch = 4;
    constexpr std::size_t batches = 10;
    Ring ring({.sq_entries = batch, .cq_entries = 2 * batch});
    ASSERT_EQ(ring.params().cq_entries, 2 * batch);
    for (std::size_t number = 0; number < batch * batches; ++number) {
        io_uring_sqe* sqe = ring.sqe();
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, number);
        if (number % batch == batch - 1) {
            ASSERT_EQ(ring.submit(), static_cast<int>(batch));
        }
    }
    const auto cqes = ring.wait_all(batch * batches);
    ASSERT_EQ(cqes.size(), batch * batches);
    std::array<bool, batch * batches> seen{};
    for (const Cqe& cqe : cqes) {
        ASSERT_FALSE(cqe.missing);
        seen.at(cqe.tag) = true;
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](bool one) { return one; }));
}

TEST(Ring, CancelsAllThatIsInFlightAtOnce) {
    constexpr std::size_t count = 10;
    Ring ring;
    ProvidedBuffers buffers(ring);
    std::array<Connection, count> connections;
    for (std::size_t i = 0; i < count; ++i) {
        connections[i] = connect_pair();
        start_receive(ring, connections[i].ours.get(), i);
    }
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_cancel(sqe, nullptr, IORING_ASYNC_CANCEL_ANY);
    io_uring_sqe_set_data64(sqe, count);
    for (const Cqe& cqe : ring.wait_all(count + 1)) {
        EXPECT_EQ(cqe.res, cqe.tag == count ? static_cast<int>(count) : -ECANCELED);
    }
}

TEST(Ring, HidesTheSuccessOfAnEntryThatAsksForIt) {
    Ring ring;
    for (const std::uint64_t tag : {1u, 2u}) {
        io_uring_sqe* sqe = ring.sqe();
        io_uring_prep_nop(sqe);
        sqe->flags |= tag == 1 ? IOSQE_CQE_SKIP_SUCCESS : 0u;
        io_uring_sqe_set_data64(sqe, tag);
    }
    EXPECT_EQ(ring.wait().tag, 2u);
    EXPECT_TRUE(ring.stays_quiet());
}

void write_eventfd_from_another_thread(int fd) {
    std::thread([fd] { EXPECT_EQ(eventfd_write(fd, 3), 0); }).join();
}

TEST(Wake, AnEventfdReadEndsTheWait) {
    Ring ring;
    const Fd event(eventfd(0, EFD_CLOEXEC));
    std::uint64_t value = 0;
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_read(sqe, event.get(), &value, sizeof(value), 0);
    io_uring_sqe_set_data64(sqe, 1);
    ASSERT_TRUE(ring.stays_quiet());
    write_eventfd_from_another_thread(event.get());
    const Cqe cqe = ring.wait();
    EXPECT_EQ(cqe.res, static_cast<int>(sizeof(value)));
    EXPECT_EQ(value, 3u);
}

TEST(Wake, AMultishotPollReportsEveryWriteToAnEventfd) {
    Ring ring;
    const Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    io_uring_sqe* sqe = ring.sqe();
    io_uring_prep_poll_multishot(sqe, event.get(), POLLIN);
    io_uring_sqe_set_data64(sqe, 1);
    ASSERT_TRUE(ring.stays_quiet());
    for (int round = 0; round < 3; ++round) {
        write_eventfd_from_another_thread(event.get());
        const Cqe cqe = ring.wait();
        ASSERT_FALSE(cqe.missing);
        EXPECT_EQ(cqe.res & POLLIN, POLLIN);
        EXPECT_TRUE(cqe.more());
        eventfd_t value = 0;
        EXPECT_EQ(eventfd_read(event.get(), &value), 0);
        EXPECT_EQ(value, 3u);
    }
}

TEST(Wake, AnotherThreadsRingIsReachedByMessage) {
    Ring ring;
    int sent = -1;
    std::thread([&] {
        Ring other;
        io_uring_sqe* sqe = other.sqe();
        io_uring_prep_msg_ring(sqe, ring.raw()->ring_fd, 42, 7, 0);
        io_uring_sqe_set_data64(sqe, 1);
        sent = other.wait().res;
    }).join();
    EXPECT_EQ(sent, 0);
    const Cqe cqe = ring.wait();
    EXPECT_EQ(cqe.tag, 7u);
    EXPECT_EQ(cqe.res, 42);
}

// The kernel's worker threads for our rings; they are listed among ours.
std::size_t worker_count() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::count_if(begin(tasks), end(tasks), [](const auto& task) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        return name.starts_with("iou-wrk");
    }));
}

// A worker thread of the kernel's costs ten times the operation and knows no order.
TEST(Workers, AreNeededByNoOperationOfTheEngine) {
    Ring ring;
    ProvidedBuffers buffers(ring);
    buffers.give(0);
    const Fd event(eventfd(0, EFD_CLOEXEC));
    const Listener listener = listen_on_loopback();
    Fd ours = tcp_socket();
    const LoopbackAddress address = loopback(listener.port);

    std::uint64_t value = 0;
    io_uring_prep_read(ring.sqe(), event.get(), &value, sizeof(value), 0);
    io_uring_prep_multishot_accept(ring.sqe(), listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT_TRUE(ring.stays_quiet());
    io_uring_prep_connect(ring.sqe(), ours.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof(address));
    const auto connected = ring.wait_all(2);
    const int accepted = std::max(connected[0].res, connected[1].res);
    ASSERT_GT(accepted, 0);
    start_receive(ring, ours.get(), 1);
    ASSERT_TRUE(ring.stays_quiet());
    // More than the sockets hold, so that it waits.
    const std::vector<char> bytes(8 << 20);
    io_uring_prep_send(ring.sqe(), accepted, bytes.data(), bytes.size(), MSG_WAITALL);
    EXPECT_EQ(ring.wait().tag, 1u);
    ASSERT_TRUE(ring.stays_quiet());
    io_uring_prep_close(ring.sqe(), ours.release());
    EXPECT_EQ(ring.wait_all(2).size(), 2u);  // The close, and the send it broke.
    EXPECT_EQ(worker_count(), 0U);

    // One that does need a worker, and so is not among the engine's: they would have been seen.
    io_uring_prep_shutdown(ring.sqe(), accepted, SHUT_RDWR);
    EXPECT_FALSE(ring.wait().missing);
    EXPECT_GT(worker_count(), 0U);
}

// Opens eventfds until the table is full; the count is 0 when the thread could get no own table.
std::size_t fill_own_descriptor_table() {
    if (unshare(CLONE_FILES) != 0) {
        return 0;
    }
    std::vector<Fd> all;
    for (int fd = eventfd(0, 0); fd >= 0; fd = eventfd(0, 0)) {
        all.emplace_back(fd);
    }
    return errno == EMFILE ? all.size() : 0;
}

TEST(DescriptorTable, EachThreadMayHaveItsOwnWithTheWholeLimit) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit small{.rlim_cur = 64, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
    std::array<std::size_t, 3> opened{};
    for (std::size_t& count : opened) {
        std::thread([&] { count = fill_own_descriptor_table(); }).join();
    }
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (const std::size_t count : opened) {
        EXPECT_GT(count, 40u);
    }
}

}  // namespace
}  // namespace ringway::kernels

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    utsname name{};
    uname(&name);
    const ringway::kernels::Ring ring;
    std::printf("kernel %s, io_uring setup %d, features 0x%x\n", name.release, ring.setup_result(),
                ring.params().features);
    return RUN_ALL_TESTS();
}
