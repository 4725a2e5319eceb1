// Streams on the real engine, over socket pairs: what the simulation cannot say about the kernel.
#include "core/stream.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/listen_socket.h"
#include "core/uring_io.h"

namespace ringway::core {
namespace {

struct AlwaysSleeps final : SleepGate {
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
};

struct Ears final : StreamEvents {
    void on_connected() override { connected = true; }
    void on_bytes(Buffer arrived) override {
        largest = std::max(largest, arrived.size());
        text.append(reinterpret_cast<const char*>(arrived.bytes().data()), arrived.size());
        if (wants_more) stream->receive();
    }
    void on_stream_failed(const Error& error) override {
        errors.push_back(error.code);
        text_at_failure = text;
    }
    void on_drained() override { drained++; }
    void on_closed() override { closed = true; }
    void on_released(int released_fd, Buffer arrived) override {
        fd = released_fd;
        if (arrived) {
            text.append(reinterpret_cast<const char*>(arrived.bytes().data()), arrived.size());
        }
    }

    Stream* stream = nullptr;
    bool wants_more = true;
    bool connected = false;
    bool closed = false;
    int drained = 0;
    int fd = -1;
    std::size_t largest = 0;
    std::string text;
    std::string text_at_failure;
    std::vector<Errc> errors;
};

class StreamTest : public testing::Test {
protected:
    void SetUp() override {
        Result<std::unique_ptr<UringIo>> made = UringIo::make({});
        ASSERT_TRUE(made) << made.error().what;
        io_ = std::move(*made);
        free_at_rest_ = io_->pool(Pool::client).free_count();
        int fds[2];
        ASSERT_NO_FATAL_FAILURE(open_pair(fds));
        peer_ = fds[1];
        stream_ = std::make_unique<Stream>(
            *io_, ears_, Stream::Options{.pool = Pool::client, .side = Side::client});
        ears_.stream = stream_.get();
        stream_->adopt(fds[0]);
    }

    virtual void open_pair(int (&fds)[2]) {
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    }

    void TearDown() override {
        if (stream_->state() == Stream::State::open) stream_->begin_close();
        EXPECT_TRUE(run_until([&] {
            const Stream::State state = stream_->state();
            return state == Stream::State::closed || state == Stream::State::unused;
        }));
        stream_.reset();
        if (peer_ >= 0) ::close(peer_);
        EXPECT_EQ(io_->in_flight(), 0U);
        EXPECT_EQ(io_->bulk_pool().free_count(), io_->bulk_pool().count());
    }

    template <class Condition>
    bool run_until(Condition condition) {
        for (int turn = 0; turn < 2'000 && !condition(); turn++) {
            io_->run_once(io_->clock().now() + std::chrono::milliseconds(1), gate_);
            io_->pool(Pool::client).resume_waiters();
        }
        return condition();
    }

    // Of the client pool, as the receive rings hold the others.
    std::uint32_t free_at_rest() const { return free_at_rest_; }

    // Long enough for whatever would happen to have happened.
    void settle() {
        int turns = 0;
        run_until([&] { return ++turns == 20; });
    }

    void push(std::string_view text) {
        ASSERT_TRUE(stream_->output().try_copy(std::as_bytes(std::span{text.data(), text.size()}),
                                               io_->bulk_pool()));
        stream_->flush();
    }

    std::uint32_t free_at_rest_ = 0;
    AlwaysSleeps gate_;
    Ears ears_;
    std::unique_ptr<UringIo> io_;
    std::unique_ptr<Stream> stream_;
    int peer_ = -1;
};

TEST_F(StreamTest, ReceivesOnlyWhatItAsksFor) {
    ears_.wants_more = false;
    ASSERT_EQ(::send(peer_, "one", 3, 0), 3);
    settle();
    EXPECT_EQ(ears_.text, "");
    stream_->receive();
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return ears_.text == "one"; }));
    ASSERT_EQ(::send(peer_, "two", 3, 0), 3);
    settle();
    EXPECT_EQ(ears_.text, "one") << "asking twice is asking once";
}

TEST_F(StreamTest, SendsInOrderAndSaysWhenAllIsOut) {
    push("first ");
    push("second ");
    push("third");
    EXPECT_TRUE(run_until([&] { return ears_.drained > 0 && stream_->output().empty(); }));
    char space[64];
    const ssize_t count = ::recv(peer_, space, sizeof space, 0);
    EXPECT_EQ(std::string_view(space, static_cast<std::size_t>(count)), "first second third");
}

TEST_F(StreamTest, SendsTheBuffersThatWaitTogether) {
    push(std::string(1'000, 'a'));
    std::string sent(1'000, 'a');
    // Too large to be joined, and behind what the kernel has.
    for (char letter = 'b'; letter < 'f'; letter++) {
        Buffer buffer = io_->pool(Pool::client).try_take();
        const std::string text(9'000, letter);
        buffer.append(std::as_bytes(std::span{text}));
        stream_->output().push(std::move(buffer));
        sent += text;
    }
    const std::uint64_t before = io_->counts().completions;
    EXPECT_TRUE(run_until([&] { return ears_.drained > 0 && stream_->output().empty(); }));
    EXPECT_EQ(io_->counts().completions - before, 2U) << "the first, and all the others";
    std::string text(sent.size(), '\0');
    EXPECT_EQ(::recv(peer_, text.data(), text.size(), MSG_WAITALL), ssize_t(sent.size()));
    EXPECT_TRUE(text == sent);
}

TEST_F(StreamTest, SendsAllOfALongOutputThatIsTheLast) {
    const std::string sent(100'000, 'l');
    ASSERT_TRUE(
        stream_->output().try_copy(std::as_bytes(std::span{sent}), io_->pool(Pool::client)));
    stream_->flush_last();
    EXPECT_TRUE(run_until([&] { return ears_.drained > 0; }));
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    std::string text(sent.size() + 1, '\0');
    EXPECT_EQ(::recv(peer_, text.data(), text.size(), MSG_WAITALL), ssize_t(sent.size()));
    EXPECT_EQ(text.substr(0, sent.size()), sent);
}

// UNIX sockets say that bytes remain on 6.18, not yet on 6.12; silent ones stay with small buffers.
class TcpStreamTest : public StreamTest {
protected:
    void open_pair(int (&fds)[2]) override {
        const Result<int> listener = open_listen_socket(Address::ipv4_loopback(0));
        ASSERT_TRUE(listener) << listener.error().what;
        const Address address = local_address(*listener).value();
        fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(connect(fds[1], address.data(), address.size()), 0);
        fds[0] = accept4(*listener, nullptr, nullptr, SOCK_CLOEXEC);
        ASSERT_GE(fds[0], 0);
        ::close(*listener);
    }
};

TEST_F(TcpStreamTest, SwitchesToLargeBuffersWhileBytesComeInBulk) {
    const int size = 4 << 20;
    setsockopt(peer_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    const std::string sent(1 << 20, 'b');
    std::size_t given = 0;
    stream_->receive();
    EXPECT_TRUE(run_until([&] {
        if (given < sent.size()) {
            const ssize_t count =
                ::send(peer_, sent.data() + given, sent.size() - given, MSG_DONTWAIT);
            if (count > 0) given += static_cast<std::size_t>(count);
        }
        return ears_.text.size() == sent.size();
    }));
    EXPECT_EQ(ears_.text, sent);
    EXPECT_GT(ears_.largest, std::size_t{32'768});
}

TEST_F(TcpStreamTest, NoLargeBufferWaitsOnceBulkHasEnded) {
    const std::string sent(60'000, 'b');  // Less than the first window: it arrives at once.
    ASSERT_EQ(::send(peer_, sent.data(), sent.size(), 0), ssize_t(sent.size()));
    settle();
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return ears_.text.size() == sent.size(); }));
    EXPECT_LT(io_->bulk_pool().free_count(), io_->bulk_pool().count()) << "it hopes for more";
    ears_.wants_more = false;
    ASSERT_EQ(::send(peer_, "x", 1, 0), 1);
    EXPECT_TRUE(run_until([&] { return ears_.text.size() == sent.size() + 1; }));
    stream_->end_bulk();
    stream_->receive();
    settle();
    EXPECT_EQ(io_->bulk_pool().free_count(), io_->bulk_pool().count());
}

TEST_F(TcpStreamTest, TheLastOutputLeavesTogetherWithTheEnd) {
    push("at once, ");
    EXPECT_TRUE(run_until([&] { return ears_.drained == 1; }));
    push("and this too");
    stream_->flush_last();  // Too late for what is being sent.
    EXPECT_TRUE(run_until([&] { return ears_.drained == 2; }));
    char space[64];
    ASSERT_EQ(::recv(peer_, space, 21, MSG_WAITALL), 21);
    ASSERT_TRUE(stream_->output().try_copy(std::as_bytes(std::span{"last", 4}), io_->bulk_pool()));
    stream_->flush_last();
    EXPECT_TRUE(run_until([&] { return ears_.drained == 3; }));
    settle();
    EXPECT_EQ(::recv(peer_, space, sizeof space, MSG_DONTWAIT), -1) << "alone it costs a segment";
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    EXPECT_EQ(::recv(peer_, space, sizeof space, MSG_WAITALL), 4);
}

TEST_F(StreamTest, BulkWithoutLargeBuffersComesInSmallOnes) {
    std::vector<Buffer> taken;
    while (Buffer buffer = io_->bulk_pool().try_take()) taken.push_back(std::move(buffer));
    const std::string sent(100'000, 'b');
    ASSERT_EQ(::send(peer_, sent.data(), sent.size(), 0), ssize_t(sent.size()));
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return ears_.text.size() == sent.size(); }));
    EXPECT_LE(ears_.largest, std::size_t{16'384});
}

TEST_F(StreamTest, ClosingJoinsAnArmedReceive) {
    stream_->receive();
    settle();
    stream_->begin_close();
    EXPECT_EQ(stream_->state(), Stream::State::closing);
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    char byte;
    EXPECT_EQ(::recv(peer_, &byte, 1, MSG_DONTWAIT), 0) << "the peer sees the end at once";
    EXPECT_TRUE(ears_.errors.empty()) << "nothing else is heard once the close has begun";
}

TEST_F(StreamTest, ClosingJoinsASendThatCannotEnd) {
    push(std::string(200'000, 's'));
    push(std::string(1'000'000, 's'));
    settle();
    EXPECT_TRUE(stream_->is_sending());
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
}

TEST_F(StreamTest, CanSendAfterThePeerEndedItsSide) {
    stream_->receive();
    ::shutdown(peer_, SHUT_WR);
    EXPECT_TRUE(run_until([&] { return !ears_.errors.empty(); }));
    EXPECT_EQ(ears_.errors, std::vector<Errc>{Errc::ended});
    push("still here");
    EXPECT_TRUE(run_until([&] { return ears_.drained > 0; }));
    char space[16];
    EXPECT_EQ(::recv(peer_, space, sizeof space, 0), 10);
}

TEST_F(StreamTest, HearsOfABrokenConnectionOnce) {
    stream_->receive();
    ::close(std::exchange(peer_, -1));
    push("into the void");
    EXPECT_TRUE(run_until([&] { return !stream_->is_sending() && !stream_->is_receiving(); }));
    EXPECT_LE(ears_.errors.size(), 2U);
    EXPECT_EQ(std::count(ears_.errors.begin(), ears_.errors.end(), Errc::reset) +
                  std::count(ears_.errors.begin(), ears_.errors.end(), Errc::ended),
              static_cast<std::ptrdiff_t>(ears_.errors.size()));
    EXPECT_GE(ears_.errors.size(), 1U);
}

TEST_F(StreamTest, ReleasesALiveDescriptorWithItsBytes) {
    ears_.wants_more = false;
    stream_->receive();
    settle();
    stream_->begin_release();
    ASSERT_TRUE(run_until([&] { return ears_.fd >= 0; }));
    ASSERT_EQ(::send(peer_, "after", 5, 0), 5);
    char space[16];
    EXPECT_EQ(::recv(ears_.fd, space, sizeof space, 0), 5) << "nothing was lost";
    ASSERT_EQ(::send(ears_.fd, "answer", 6, 0), 6) << "it was not shut down";
    EXPECT_EQ(::recv(peer_, space, sizeof space, 0), 6);
    ::close(ears_.fd);
}

TEST_F(StreamTest, AReleaseThatIsUnderWayCanStillBecomeAClose) {
    stream_->receive();
    settle();
    stream_->begin_release();
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    EXPECT_EQ(ears_.fd, -1) << "closed is not given away";
    char byte;
    EXPECT_EQ(::recv(peer_, &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(StreamTest, ReleaseKeepsBytesThatWonTheRace) {
    ears_.wants_more = false;
    stream_->receive();
    settle();
    ASSERT_EQ(::send(peer_, "raced", 5, 0), 5);
    stream_->begin_release();
    ASSERT_TRUE(run_until([&] { return ears_.fd >= 0; }));
    char space[16];
    const ssize_t left = ::recv(ears_.fd, space, sizeof space, MSG_DONTWAIT);
    if (left > 0) ears_.text.append(space, static_cast<std::size_t>(left));
    EXPECT_EQ(ears_.text, "raced") << "in the outcome or in the socket, never nowhere";
    ::close(ears_.fd);
}

// --- What comes unasked, from a receive that stands ---------------------------------------------

class StandingStreamTest : public TcpStreamTest {
protected:
    // The peer has spoken, and the next receive stands, where the kernel can bound it.
    void SetUp() override {
        TcpStreamTest::SetUp();
        hear("first");
        stream_->receive();
        hear("second");
        ears_.wants_more = false;
        hear("third");
        ears_.text.clear();
    }

    void hear(const std::string& text) {
        if (!stream_->is_receiving()) stream_->receive();
        const std::string all = ears_.text + text;
        ASSERT_EQ(::send(peer_, text.data(), text.size(), 0), ssize_t(text.size()));
        ASSERT_TRUE(run_until([&] { return ears_.text == all; }));
    }
};

TEST_F(StandingStreamTest, HearsOnlyWhatItAsksForInOrder) {
    for (const char* word : {"one, ", "two, ", "three"}) {
        ASSERT_EQ(::send(peer_, word, strlen(word), 0), ssize_t(strlen(word)));
        settle();
    }
    EXPECT_EQ(ears_.text, "");
    ears_.wants_more = true;
    stream_->receive();
    stream_->receive();
    EXPECT_EQ(ears_.text, "") << "from the loop, never from within the call";
    EXPECT_TRUE(run_until([&] { return ears_.text == "one, two, three"; })) << ears_.text;
}

TEST_F(StandingStreamTest, LeavesInTheSocketWhatNobodyAsksFor) {
    const std::string sent(1 << 20, 's');
    std::size_t given = 0;
    for (int turn = 0; turn < 50; turn++) {
        const ssize_t count = ::send(peer_, sent.data() + given, sent.size() - given, MSG_DONTWAIT);
        if (count > 0) given += static_cast<std::size_t>(count);
        settle();
    }
    int unread = 0;
    ASSERT_EQ(ioctl(stream_->fd(), FIONREAD, &unread), 0);
    EXPECT_GT(unread, 16'384) << "TCP holds the peer back";
    EXPECT_EQ(io_->pool(Pool::client).free_count(), free_at_rest()) << "no buffer is held";
    EXPECT_EQ(ears_.text, "");
    ears_.wants_more = true;
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return ears_.text.size() == given; }));
    EXPECT_EQ(ears_.text, sent.substr(0, given));
}

TEST_F(StandingStreamTest, SaysThatThereIsMoreThanWasHeard) {
    ASSERT_EQ(::send(peer_, "unasked", 7, 0), 7);
    settle();
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return ears_.text == "unasked"; }));
    EXPECT_FALSE(stream_->has_unread());
}

TEST_F(StandingStreamTest, TellsOfAResetThatNobodyWaitedFor) {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(peer_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(peer_, -1));
    settle();
    EXPECT_TRUE(ears_.errors.empty());
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return !ears_.errors.empty(); }));
    EXPECT_EQ(ears_.errors, std::vector{Errc::reset}) << "it did not end in order";
}

TEST_F(StandingStreamTest, TellsOfAnEndThatNobodyWaitedFor) {
    ASSERT_EQ(::send(peer_, "bye", 3, 0), 3);
    ::shutdown(peer_, SHUT_WR);
    settle();
    ears_.wants_more = true;
    stream_->receive();
    EXPECT_TRUE(run_until([&] { return !ears_.errors.empty(); }));
    EXPECT_EQ(ears_.text, "bye");
    EXPECT_EQ(ears_.errors, std::vector{Errc::ended});
}

TEST_F(StandingStreamTest, ClosesWithBytesThatNobodyWantedAny) {
    ASSERT_EQ(::send(peer_, "unwanted", 8, 0), 8);
    settle();
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    EXPECT_EQ(ears_.text, "");
}

TEST_F(StandingStreamTest, ClosesWhileItIsAboutToTell) {
    ASSERT_EQ(::send(peer_, "unwanted", 8, 0), 8);
    settle();
    stream_->receive();
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed; }));
    EXPECT_EQ(ears_.text, "");
}

TEST_F(StandingStreamTest, ReleasesWhatCameUnaskedWithTheDescriptor) {
    ASSERT_EQ(::send(peer_, "early", 5, 0), 5);
    settle();
    stream_->begin_release();
    ASSERT_TRUE(run_until([&] { return ears_.fd >= 0; }));
    char space[16];
    const ssize_t left = ::recv(ears_.fd, space, sizeof space, MSG_DONTWAIT);
    if (left > 0) ears_.text.append(space, static_cast<std::size_t>(left));
    EXPECT_EQ(ears_.text, "early");
    ::close(ears_.fd);
}

TEST_F(StandingStreamTest, AReleaseThatWaitsForABufferCanStillBecomeAClose) {
    ASSERT_EQ(::send(peer_, "early", 5, 0), 5);
    settle();
    std::vector<Buffer> taken;
    while (Buffer buffer = io_->pool(Pool::client).try_take()) taken.push_back(std::move(buffer));
    stream_->begin_release();
    settle();
    stream_->begin_close();
    EXPECT_TRUE(run_until([&] { return ears_.closed || ears_.fd >= 0; }));
    if (ears_.fd >= 0) ::close(ears_.fd);  // Nothing was early: this kernel cannot bound it.
}

TEST_F(StandingStreamTest, WaitsInLineWithWhatCameUnaskedWhenThePoolIsDry) {
    ASSERT_EQ(::send(peer_, "early", 5, 0), 5);
    settle();
    std::vector<Buffer> taken;
    while (Buffer buffer = io_->pool(Pool::client).try_take()) taken.push_back(std::move(buffer));
    stream_->receive();
    settle();
    taken.clear();
    EXPECT_TRUE(run_until([&] { return ears_.text == "early"; }));
}

// Its words, and a reset because it had not read all of ours. The reset meets the next send, which
// is tried at once; the receive that has the words completes a moment later.
TEST_F(TcpStreamTest, ReadsWhatThePeerSaidBeforeASendBrokeOnIt) {
    push("what the peer does not read");
    stream_->receive();
    settle();
    ASSERT_EQ(::send(peer_, "too large", 9, 0), 9);
    ::close(std::exchange(peer_, -1));
    push("more of it");
    EXPECT_TRUE(run_until([&] { return !ears_.errors.empty(); }));
    settle();
    EXPECT_EQ(ears_.text_at_failure, "too large");
    EXPECT_EQ(ears_.errors, std::vector{Errc::reset});
}

}  // namespace
}  // namespace ringway::core
