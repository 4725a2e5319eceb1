// What a stream keeps that came while nobody asked, on the simulated engine: there a stalled host
// finds several arrivals at once, which the kernel hardly ever lets happen.
#include "tests/http/client_fixture.h"

namespace ringway::http {
namespace {

struct Ears final : core::StreamEvents {
    void on_connected() override {}
    void on_bytes(core::Buffer arrived) override {
        text.append(reinterpret_cast<const char*>(arrived.bytes().data()), arrived.size());
        if (wants_more) stream->receive();
    }
    void on_stream_failed(const core::Error& error) override { errors.push_back(error.code); }
    void on_drained() override {}
    void on_closed() override {}
    void on_released(int released, core::Buffer arrived) override {
        fd = released;
        if (!arrived) return;
        text.append(reinterpret_cast<const char*>(arrived.bytes().data()), arrived.size());
    }

    core::Stream* stream = nullptr;
    bool wants_more = true;
    int fd = -1;
    std::string text;
    std::vector<core::Errc> errors;
};

class EarlyBytes : public fakes::ClientTest {
protected:
    // Its next receive stands.
    void SetUp() override {
        ears_.stream = &stream_;
        ASSERT_TRUE(stream_.connect(address));
        settle();
        stream_.receive();
        wake();
        backend().send("first ");
        settle();
        ears_.wants_more = false;
    }

    void TearDown() override {
        stream_.begin_close();
        wake();
        settle();
        fakes::ClientTest::TearDown();
    }

    // The first answers what was asked, and nobody has asked for the others.
    void arrive_at_once(std::initializer_list<std::string_view> parts) {
        host.is_stalled = true;
        for (const std::string_view part : parts) {
            backend().send(std::string(part));
            settle();
        }
        host.is_stalled = false;
        wake();
        settle();
    }

    Ears ears_;
    core::Stream stream_{
        host.io(), ears_, {.pool = core::Pool::upstream, .side = core::Side::upstream}};
};

TEST_F(EarlyBytes, AreKeptInOrderUntilTheyAreAskedFor) {
    arrive_at_once({"asked "});
    EXPECT_EQ(ears_.text, "first asked ");
    EXPECT_FALSE(stream_.has_unread());
    ears_.wants_more = true;
    stream_.receive();
    for (int i = 0; i < 20; i++) arrive_at_once({"again "});
    ears_.wants_more = false;
    ears_.text.clear();
    arrive_at_once({"one ", "two ", "three"});
    EXPECT_EQ(ears_.text, "one ");
    ears_.wants_more = true;
    stream_.receive();
    EXPECT_EQ(ears_.text, "one ") << "from the loop, never from within the call";
    wake();
    settle();
    EXPECT_EQ(ears_.text, "one two three");
}

TEST_F(EarlyBytes, AReleaseGivesThemAwayWithTheDescriptor) {
    arrive_at_once({"asked ", "early"});
    stream_.begin_release();
    wake();
    settle();
    ASSERT_GE(ears_.fd, 0);
    Ears next;
    core::Stream given{
        host.io(), next, {.pool = core::Pool::upstream, .side = core::Side::upstream}};
    next.stream = &given;
    given.adopt(ears_.fd);
    given.receive();
    wake();
    settle();
    EXPECT_EQ(ears_.text + next.text, "first asked early");
    given.begin_close();
    wake();
    settle();
}

// Given away, the connection would look as if its peer had ended it in order.
TEST_F(EarlyBytes, AResetBehindThemIsNotGivenAway) {
    host.is_stalled = true;
    backend().send("asked ");
    settle();
    backend().reset();
    settle();
    host.is_stalled = false;
    wake();
    settle();
    EXPECT_TRUE(ears_.errors.empty()) << "nobody has asked";
    stream_.begin_release();
    wake();
    settle();
    EXPECT_EQ(ears_.fd, -1);
    EXPECT_EQ(ears_.errors, std::vector{core::Errc::reset});
}

}  // namespace
}  // namespace ringway::http
