#include "shards/load_snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;

class LoadSnapshotsTest : public testing::Test {
protected:
    struct Corner {
        Corner(LoadMesh& mesh, std::uint32_t shard, std::size_t backends)
            : load({.backends = backends, .shards = mesh.shards(), .own = {shard}}),
              snapshots(mesh, {shard}, 1ms) {
            snapshots.add(load);
        }
        balance::LoadView load;
        LoadSnapshots snapshots;
    };
    void make(std::uint32_t shards, std::size_t backends) {
        mesh.emplace(shards);
        for (std::uint32_t i = 0; i < shards; i++) corners.emplace_back(*mesh, i, backends);
    }

    std::optional<LoadMesh> mesh;
    std::deque<Corner> corners;
    core::Instant now{1h};
};

TEST_F(LoadSnapshotsTest, EachShardHearsOfTheOthersAndOfNobodyTwice) {
    make(3, 4);
    corners[0].load.begin(2);
    corners[0].load.begin(2);
    corners[1].load.begin(2);
    for (Corner& corner : corners) corner.snapshots.publish(now);
    for (Corner& corner : corners) corner.snapshots.take(now);
    EXPECT_EQ(corners[0].load.others_in_flight(2), 1U);
    EXPECT_EQ(corners[1].load.others_in_flight(2), 2U);
    EXPECT_EQ(corners[2].load.others_in_flight(2), 3U);
    EXPECT_EQ(corners[2].load.others_in_flight(1), 0U);
    now += 1ms;
    corners[0].load.end(2);
    corners[0].snapshots.publish(now);
    corners[2].snapshots.take(now);
    EXPECT_EQ(corners[2].load.others_in_flight(2), 2U);
}

TEST_F(LoadSnapshotsTest, WhatChangesAfterLongSilenceIsSaidAtOnceAndThenOncePerInterval) {
    make(2, 4);
    EXPECT_EQ(corners[0].snapshots.due(), core::Instant::max());
    corners[0].load.begin(0);
    EXPECT_LE(corners[0].snapshots.due(), now);
    corners[0].snapshots.publish(now);
    EXPECT_EQ(corners[0].snapshots.counters().rows_sent.value(), 1U);
    corners[0].load.begin(0);
    corners[0].load.begin(1);
    EXPECT_EQ(corners[0].snapshots.due(), now + 1ms);
    corners[0].snapshots.publish(now + 999us);
    EXPECT_EQ(corners[0].snapshots.counters().rows_sent.value(), 1U);
    corners[0].snapshots.publish(now + 1ms);
    EXPECT_EQ(corners[0].snapshots.counters().rows_sent.value(), 3U);
    EXPECT_EQ(corners[0].snapshots.due(), core::Instant::max());
}

TEST_F(LoadSnapshotsTest, ALargeChangeIsSaidBeforeTheIntervalIsOver) {
    make(2, 4);
    corners[0].load.begin(0);
    corners[0].snapshots.publish(now);
    for (std::size_t i = 0; i < 7; i++) corners[0].load.begin(i % 4);
    EXPECT_EQ(corners[0].snapshots.due(), now + 1ms);
    corners[0].load.begin(3);
    EXPECT_EQ(corners[0].snapshots.due(), now + 250us);
    corners[0].snapshots.publish(now + 249us);
    EXPECT_EQ(corners[0].snapshots.counters().rows_sent.value(), 1U);
    corners[0].snapshots.publish(now + 250us);
    EXPECT_EQ(corners[0].snapshots.counters().rows_sent.value(), 5U);
    // Of 64 in flight eight are not much, and 32 are.
    now += 2ms;
    for (int i = 0; i < 55; i++) corners[0].load.begin(1);
    corners[0].snapshots.publish(now);
    for (int i = 0; i < 31; i++) corners[0].load.end(1);
    EXPECT_EQ(corners[0].snapshots.due(), now + 1ms);
    corners[0].load.end(1);
    EXPECT_EQ(corners[0].snapshots.due(), now + 250us);
}

// Each snapshot has cost so much that even a large change has to wait.
TEST_F(LoadSnapshotsTest, LargeChangesStayWithinWhatTalkingMayTake) {
    make(32, 64);
    for (std::size_t i = 0; i < 64; i++) corners[0].load.begin(i);
    corners[0].snapshots.publish(now);
    for (int i = 0; i < 100; i++) corners[0].load.begin(0);
    EXPECT_EQ(corners[0].snapshots.due(), now + corners[0].snapshots.interval());
}

TEST_F(LoadSnapshotsTest, NobodyWaitsBehindThoseWhoChangeAlways) {
    make(2, 200);
    for (int i = 0; i < 8; i++) {
        for (std::size_t backend = 0; backend < 200; backend++) corners[0].load.begin(backend);
        now += 10ms;
        corners[0].snapshots.publish(now);
        corners[1].snapshots.take(now);
    }
    for (std::size_t backend = 0; backend < 200; backend++) {
        EXPECT_GE(corners[1].load.others_in_flight(backend), 4U) << backend;
    }
}

TEST_F(LoadSnapshotsTest, WhatComesInPartsIsNotTakenForFreshBetweenThem) {
    make(2, 200);
    for (int i = 0; i < 20; i++) {
        for (std::size_t backend = 0; backend < 200; backend++) corners[0].load.begin(backend);
        now += 10ms;
        corners[0].snapshots.publish(now);
        corners[1].snapshots.take(now);
        corners[1].load.settle(now);
    }
    EXPECT_GE(corners[1].load.age(now), 10ms) << "four snapshots go by until all is said";
}

TEST_F(LoadSnapshotsTest, WhoHasNothingToSaySendsNothing) {
    make(8, 4);
    for (int i = 0; i < 100; i++) {
        now += 1ms;
        for (Corner& corner : corners) corner.snapshots.publish(now);
    }
    for (Corner& corner : corners) EXPECT_EQ(corner.snapshots.counters().rows_sent.value(), 0U);
}

TEST_F(LoadSnapshotsTest, WhatFindsAFullQueueComesLaterAndWakesNobody) {
    make(2, 1'000);
    for (std::size_t i = 0; i < 1'000; i++) corners[0].load.begin(i);
    corners[0].snapshots.publish(now);
    EXPECT_GT(corners[0].snapshots.counters().rows_late.value(), 0U);
    EXPECT_EQ(corners[0].snapshots.due(), core::Instant::max());
    for (int i = 0; i < 100; i++) {
        now += 50ms;
        corners[1].snapshots.take(now);
        corners[0].snapshots.publish(now);
    }
    for (std::size_t i = 0; i < 1'000; i++) EXPECT_EQ(corners[1].load.others_in_flight(i), 1U);
}

TEST_F(LoadSnapshotsTest, TheIntervalStretchesWithTheNumberOfShardsAndRows) {
    make(32, 1'000);
    corners[0].load.begin(0);
    corners[0].snapshots.publish(now);
    EXPECT_LE(corners[0].snapshots.interval(), 2ms);
    for (std::size_t i = 0; i < 60; i++) corners[0].load.begin(i);
    now += 10ms;
    corners[0].snapshots.publish(now);
    EXPECT_GT(corners[0].snapshots.interval(), 5ms);
    now += 10ms;
    corners[0].load.begin(0);
    corners[0].snapshots.publish(now);
    EXPECT_LE(corners[0].snapshots.interval(), 2ms);  // And shrinks again.
}

// A shard that says something every 20 ms only is not taken for one that has nothing to say.
TEST_F(LoadSnapshotsTest, AStretchedIntervalIsToldSoThatAgesAreRight) {
    make(32, 64);
    for (Corner& corner : corners) {
        for (std::size_t i = 0; i < 64; i++) corner.load.begin(i);
    }
    for (Corner& corner : corners) corner.snapshots.publish(now);
    const core::Duration interval = corners[0].snapshots.interval();
    ASSERT_GT(interval, 5ms);
    corners[0].snapshots.take(now);
    for (const core::Duration age : {1ms, 3ms, 5ms}) {
        corners[0].load.settle(now + age);
        EXPECT_EQ(corners[0].load.age(now + age), age);
    }
    corners[0].load.settle(now + 2 * interval);
    EXPECT_NEAR(static_cast<double>(corners[0].load.age(now + 2 * interval).count()),
                static_cast<double>(interval.count()) / 2, 1'000);
}

// What is said in many pieces is as old as the middle of the time that they take.
TEST_F(LoadSnapshotsTest, WhatComesInPiecesIsAsOldAsTheMiddleOfThem) {
    make(2, 640);
    const core::Instant began = now;
    core::Duration oldest{};
    for (int i = 0; i < 50; i++) {
        for (std::size_t backend = 0; backend < 640; backend++) corners[0].load.begin(backend);
        corners[0].snapshots.publish(now);
        corners[1].snapshots.take(now);
        oldest = std::max(oldest, corners[1].load.age(now));
        now += 10ms;
    }
    // Ten pieces and never all: everything it knows was said since the beginning.
    EXPECT_GT(oldest, 100ms);
    EXPECT_LT(oldest, now - began);
    for (int i = 0; i < 20; i++) {
        corners[0].snapshots.publish(now);
        corners[1].snapshots.take(now);
        now += 10ms;
    }
    corners[0].load.end(0);
    corners[0].snapshots.publish(now);
    corners[1].snapshots.take(now);
    EXPECT_EQ(corners[1].load.age(now), core::Duration{});
}

bool sees_everywhere(const balance::LoadView& load, std::uint32_t others) {
    for (std::size_t i = 0; i < load.size(); i++) {
        if (load.others_in_flight(i) != others) return false;
    }
    return true;
}

// Run under TSan too. It ends when all agree, and not before.
TEST(LoadSnapshots, ThreadsAgreeInTheEnd) {
    constexpr std::uint32_t shards = 4;
    constexpr std::size_t backends = 200;
    LoadMesh mesh{shards};
    std::atomic<std::uint32_t> agreed{0};
    std::vector<std::thread> threads;
    for (std::uint32_t shard = 0; shard < shards; shard++) {
        threads.emplace_back([&, shard] {
            balance::LoadView load{{.backends = backends, .shards = shards, .own = {shard}}};
            LoadSnapshots snapshots{mesh, {shard}, 1ms};
            snapshots.add(load);
            // One more than the shard's number stays in flight on every backend.
            const std::uint32_t expected = (1 + 2 + 3 + 4) - (shard + 1);
            std::size_t backend = 0;
            bool has_agreed = false;
            for (core::Instant now{1h}; agreed.load() < shards; now += 1ms) {
                backend = (backend + 1) % backends;
                if (load.own_in_flight(backend) <= shard) load.begin(backend);
                snapshots.publish(now);
                snapshots.take(now);
                if (sees_everywhere(load, expected) && !std::exchange(has_agreed, true))
                    agreed.fetch_add(1);
                std::this_thread::yield();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(agreed.load(), shards);
}

}  // namespace
}  // namespace ringway::shards
