#include "core/wake_flag.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>
#include <vector>

namespace ringway::core {
namespace {

TEST(WakeFlag, NobodyIsWokenWhoIsAwake) {
    WakeFlag flag;
    EXPECT_FALSE(flag.claim());
    flag.begin_sleep();
    flag.end_sleep();
    EXPECT_FALSE(flag.claim());
}

TEST(WakeFlag, ASleeperIsWokenOnce) {
    WakeFlag flag;
    flag.begin_sleep();
    EXPECT_TRUE(flag.claim());
    EXPECT_FALSE(flag.claim());
    flag.end_sleep();
    flag.begin_sleep();
    EXPECT_TRUE(flag.claim());
}

// Two producers, each with its queue, and a consumer that sleeps in poll(2) as a shard does. A
// lost wake-up shows as a poll that runs into its time-out; it is generous, because only then is
// it ever waited for.
class Mailboxes {
public:
    static constexpr std::uint32_t per_producer = 50'000;

    ~Mailboxes() { close(eventfd_); }

    void produce(std::size_t queue) {
        for (std::uint32_t i = 0; i < per_producer;) {
            if (queues_.at(queue).try_push(i)) {
                i++;
                if (flag_.claim()) wake();
            } else {
                std::this_thread::yield();
            }
        }
    }

    // How many arrived, in order, before all had or a wake-up was lost.
    std::uint64_t consume() {
        while (total_ < queues_.size() * per_producer) {
            if (drain() > 0) continue;
            flag_.begin_sleep();
            const bool is_idle = queues_[0].empty() && queues_[1].empty();
            const bool was_woken = !is_idle || doze();
            flag_.end_sleep();
            if (!was_woken) break;
        }
        return total_;
    }
    std::uint64_t sleeps() const { return sleeps_; }

private:
    void wake() const {
        const std::uint64_t one = 1;
        EXPECT_EQ(write(eventfd_, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    }

    bool doze() {
        sleeps_++;
        pollfd entry{.fd = eventfd_, .events = POLLIN, .revents = 0};
        if (poll(&entry, 1, 20'000) != 1) return false;
        std::uint64_t wakes = 0;
        return read(eventfd_, &wakes, sizeof(wakes)) == static_cast<ssize_t>(sizeof(wakes));
    }

    std::uint32_t drain() {
        std::uint32_t drained = 0;
        std::uint32_t item = 0;
        for (std::size_t i = 0; i < queues_.size(); i++) {
            for (; queues_.at(i).try_pop(item); drained++) EXPECT_EQ(item, next_.at(i)++);
        }
        total_ += drained;
        return drained;
    }

    std::array<SpscQueue<std::uint32_t>, 2> queues_{SpscQueue<std::uint32_t>{4},
                                                    SpscQueue<std::uint32_t>{4}};
    WakeFlag flag_;
    int eventfd_ = eventfd(0, EFD_CLOEXEC);
    std::array<std::uint32_t, 2> next_{};
    std::uint64_t total_ = 0;
    std::uint64_t sleeps_ = 0;
};

TEST(WakeFlagThreads, NoWakeUpIsLostBetweenTwoProducersAndASleeper) {
    Mailboxes mailboxes;
    std::thread first{[&] { mailboxes.produce(0); }};
    std::thread second{[&] { mailboxes.produce(1); }};
    EXPECT_EQ(mailboxes.consume(), 2 * Mailboxes::per_producer);
    EXPECT_GT(mailboxes.sleeps(), 0U);  // Else nothing was shown.
    first.join();
    second.join();
}

}  // namespace
}  // namespace ringway::core
