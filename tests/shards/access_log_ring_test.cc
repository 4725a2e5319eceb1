#include "shards/access_log_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "core/prng.h"

namespace ringway::shards {
namespace {

TEST(AccessLogRing, WritesLinesWholeAndInOrder) {
    AccessLogRing ring{64};
    core::MemorySink sink;
    EXPECT_TRUE(ring.empty());
    EXPECT_TRUE(ring.try_push("one\n"));
    EXPECT_TRUE(ring.try_push("two\n"));
    EXPECT_FALSE(ring.empty());
    EXPECT_EQ(ring.write_to(sink), 2U);
    EXPECT_EQ(sink.text, "one\ntwo\n");
    EXPECT_EQ(ring.write_to(sink), 0U);
    EXPECT_EQ(ring.lines_total(), 2U);
}

TEST(AccessLogRing, DropsAndCountsWhatDoesNotFitAndTakesLinesAgainWhenItWasEmptied) {
    AccessLogRing ring{64};
    core::MemorySink sink;
    const std::string line(29, 'x');
    EXPECT_TRUE(ring.try_push(line + "1\n"));
    EXPECT_TRUE(ring.try_push(line + "2\n"));
    EXPECT_FALSE(ring.try_push(line + "3\n"));
    EXPECT_FALSE(ring.try_push(std::string(65, 'x')));
    EXPECT_EQ(ring.dropped_total(), 2U);
    ring.write_to(sink);
    EXPECT_EQ(sink.text, line + "1\n" + line + "2\n");
    sink.text.clear();
    EXPECT_TRUE(ring.try_push(line + "4\n"));
    EXPECT_TRUE(ring.try_push(line + "5\n"));
    ring.write_to(sink);
    EXPECT_EQ(sink.text, line + "4\n" + line + "5\n");
}

TEST(AccessLogRing, FillsWhenMoreThanHalfIsUsedUntilTheWriterHasComeBy) {
    AccessLogRing ring{64};
    core::MemorySink sink;
    EXPECT_FALSE(ring.is_filling());
    for (int i = 0; i < 4; i++) EXPECT_TRUE(ring.try_push("7 bytes\n"));
    EXPECT_FALSE(ring.is_filling());
    EXPECT_TRUE(ring.try_push("7 bytes\n"));
    EXPECT_TRUE(ring.is_filling());
    EXPECT_EQ(ring.write_to(sink), 5U);
    EXPECT_FALSE(ring.is_filling());
    for (int i = 0; i < 5; i++) EXPECT_TRUE(ring.try_push("7 bytes\n"));
    EXPECT_TRUE(ring.is_filling());
}

TEST(AccessLogRing, LosesNoSpaceWhenTheShardTakesNoNoteOfWhatWasFreed) {
    AccessLogRing ring{1'024};
    core::MemorySink sink;
    std::string expected;
    // One line each round: more rounds than the queue of freed positions holds.
    for (int i = 0; i < 10'000; i++) {
        const std::string line = std::to_string(i) + "\n";
        ASSERT_TRUE(ring.try_push(line)) << i;
        expected += line;
        ASSERT_EQ(ring.write_to(sink), 1U);
    }
    EXPECT_EQ(sink.text, expected);
    EXPECT_EQ(ring.dropped_total(), 0U);
}

TEST(AccessLogRing, BetweenTwoThreadsLosesOnlyWhatItCounted) {
    AccessLogRing ring{4'096};
    core::MemorySink sink;
    constexpr int lines = 50'000;
    std::uint64_t pushed = 0;
    std::uint64_t pushed_bytes = 0;
    std::thread shard{[&] {
        core::Prng prng{1};
        for (int i = 0; i < lines; i++) {
            const std::string line = std::string(prng.uniform(100), 'x') + "\n";
            if (!ring.try_push(line)) continue;
            pushed++;
            pushed_bytes += line.size();
        }
    }};
    std::uint64_t written = 0;
    while (ring.lines_total() + ring.dropped_total() < lines) written += ring.write_to(sink);
    shard.join();
    written += ring.write_to(sink);
    EXPECT_EQ(written, pushed);
    EXPECT_EQ(sink.text.size(), pushed_bytes);
    EXPECT_EQ(ring.lines_total(), pushed);
    EXPECT_EQ(ring.dropped_total(), lines - pushed);
    std::uint64_t ends = 0;
    for (const char c : sink.text) {
        ends += c == '\n' ? 1 : 0;
        ASSERT_TRUE(c == '\n' || c == 'x');
    }
    EXPECT_EQ(ends, pushed);
}

}  // namespace
}  // namespace ringway::shards
