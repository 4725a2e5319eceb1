#include "shards/mailbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace ringway::shards {
namespace {

class CountingWaker final : public core::Waker {
public:
    void wake() noexcept override { wakes.fetch_add(1); }
    std::atomic<int> wakes{0};
};

TEST(Mailbox, DeliversWhatIsPostedWithItsSenderInOrder) {
    Mesh mesh{3};
    Mailbox a{mesh, 0};
    Mailbox b{mesh, 1};
    Mailbox c{mesh, 2};
    ASSERT_TRUE(a.try_post(2, {.kind = Message::Kind::begin_shutdown}));
    ASSERT_TRUE(a.try_post(2, {.kind = Message::Kind::end_now}));
    ASSERT_TRUE(b.try_post(2, {.kind = Message::Kind::finished, .from = 77}));
    Message message;
    std::vector<std::pair<std::uint32_t, Message::Kind>> taken;
    while (c.try_take(message)) taken.emplace_back(message.from, message.kind);
    EXPECT_EQ(taken, (std::vector<std::pair<std::uint32_t, Message::Kind>>{
                         {0, Message::Kind::begin_shutdown},
                         {0, Message::Kind::end_now},
                         {1, Message::Kind::finished}}));
    EXPECT_FALSE(a.try_take(message));
    EXPECT_FALSE(b.try_take(message));
}

TEST(Mailbox, AFullQueueRefusesAndLosesNothing) {
    Mesh mesh{2};
    Mailbox from{mesh, 0};
    Mailbox to{mesh, 1};
    std::size_t posted = 0;
    while (from.try_post(1, {.kind = Message::Kind::finished})) posted++;
    EXPECT_GE(posted, 64U);
    Message message;
    ASSERT_TRUE(to.try_take(message));
    EXPECT_TRUE(from.try_post(1, {.kind = Message::Kind::end_now}));
    EXPECT_FALSE(from.try_post(1, {.kind = Message::Kind::end_now}));
    std::size_t taken = 1;
    while (to.try_take(message)) taken++;
    EXPECT_EQ(taken, posted + 1);
    EXPECT_EQ(message.kind, Message::Kind::end_now);
}

TEST(Mailbox, OnlyASleeperIsWokenAndOnlyOnce) {
    Mesh mesh{2};
    Mailbox from{mesh, 0};
    Mailbox to{mesh, 1};
    CountingWaker waker;
    to.set_waker(waker);
    ASSERT_TRUE(from.try_post(1, {}));
    EXPECT_EQ(waker.wakes, 0);
    EXPECT_FALSE(to.may_sleep()) << "there is mail";
    Message message;
    ASSERT_TRUE(to.try_take(message));
    EXPECT_TRUE(to.may_sleep());
    ASSERT_TRUE(from.try_post(1, {}));
    ASSERT_TRUE(from.try_post(1, {}));
    EXPECT_EQ(waker.wakes, 1);
    to.on_awake();
    ASSERT_TRUE(from.try_post(1, {}));
    EXPECT_EQ(waker.wakes, 1);
}

TEST(Mailbox, ASleepThatWasGivenUpIsNotWoken) {
    Mesh mesh{2};
    Mailbox from{mesh, 0};
    Mailbox to{mesh, 1};
    CountingWaker waker;
    to.set_waker(waker);
    EXPECT_TRUE(to.may_sleep());
    to.on_awake();
    ASSERT_TRUE(from.try_post(1, {}));
    EXPECT_EQ(waker.wakes, 0);
}

// A waker that a sleeper blocks on, as on the engine's eventfd.
class BlockingWaker final : public core::Waker {
public:
    void wake() noexcept override {
        woken_.store(true);
        woken_.notify_one();
    }
    void wait() {
        woken_.wait(false);
        woken_.store(false);
    }

private:
    std::atomic<bool> woken_{false};
};

// A wake that is lost would leave the receiver asleep for ever, and this test with it.
TEST(Mailbox, NoMessageIsSleptThroughWithTwoThreads) {
    constexpr int count = 100'000;
    Mesh mesh{2};
    BlockingWaker waker;
    Mailbox to{mesh, 1};
    to.set_waker(waker);
    std::thread sender([&mesh] {
        Mailbox from{mesh, 0};
        for (int i = 0; i < count; i++) {
            while (!from.try_post(1, {})) std::this_thread::yield();
        }
    });
    int taken = 0;
    Message message;
    while (taken < count) {
        while (to.try_take(message)) taken++;
        if (taken == count || !to.may_sleep()) continue;
        waker.wait();
        to.on_awake();
    }
    sender.join();
    EXPECT_EQ(taken, count);
}

}  // namespace
}  // namespace ringway::shards
