#include "shards/control/access_log_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "shards/shard_access_log.h"

namespace ringway::shards {
namespace {

// Counts how often it was told to begin anew. Read after `stop`.
class CountingSink final : public core::LogSink {
public:
    void write(std::string_view lines) override { text += lines; }
    void reopen() override {
        reopens++;
        text += "reopened\n";
    }
    std::string text;
    int reopens = 0;
};

class AccessLogWriterTest : public testing::Test {
protected:
    core::MemorySink told;
    core::Log log{told};
    CountingSink sink;
    AccessLogWriter writer{{.sink = sink, .logger = log.make_logger(), .shard_count = 2}};
};

TEST_F(AccessLogWriterTest, WritesEverythingBeforeItStops) {
    writer.start();
    for (int i = 0; i < 100; i++) {
        EXPECT_TRUE(writer.ring(0).try_push("zero\n"));
        writer.wake_if_asleep(writer.ring(0));
    }
    EXPECT_TRUE(writer.ring(1).try_push("one\n"));
    writer.stop();
    EXPECT_EQ(sink.text.size(), 100 * 5 + 4U);
    EXPECT_NE(sink.text.find("one\n"), std::string::npos);
    EXPECT_EQ(told.text, "");
}

TEST_F(AccessLogWriterTest, BeginsANewFileBehindWhatWasLoggedBefore) {
    writer.start();
    EXPECT_TRUE(writer.ring(0).try_push("before\n"));
    writer.reopen();
    writer.stop();
    EXPECT_EQ(sink.reopens, 1);
    EXPECT_EQ(sink.text, "before\nreopened\n");
}

TEST_F(AccessLogWriterTest, SaysHowManyLinesWereDropped) {
    const std::string line(1'023, 'x');
    std::uint64_t dropped = 0;
    for (int i = 0; i < 1'030; i++) dropped += writer.ring(0).try_push(line + "\n") ? 0 : 1;
    EXPECT_EQ(dropped, 1'030U - 1'024U);
    writer.start();
    writer.stop();
    EXPECT_NE(told.text.find("access log: 6 lines dropped"), std::string::npos) << told.text;
}

TEST_F(AccessLogWriterTest, TakesALineFromAShardsEnd) {
    core::Clock clock;
    clock.set_wall_offset(std::chrono::seconds{1'795'176'000});
    ShardAccessLog shard{
        {.format = http::AccessFormat::text, .clock = clock, .writer = writer, .shard = 1}};
    writer.start();
    shard.on_finish({.first_line = "nonsense", .reason = http::Reason::bad_request_line});
    writer.stop();
    EXPECT_TRUE(sink.text.starts_with("unknown - - [20/Nov/2026:12:00:00 +0000] \"nonsense\" "))
        << sink.text;
}

}  // namespace
}  // namespace ringway::shards
