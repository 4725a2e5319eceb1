#include "core/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace ringway::core {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream{text};
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// Without a writer, with a clock of one's own: as a simulation logs.
class LogInMemory : public testing::Test {
protected:
    MemorySink sink;
    Clock clock;
    Log log{sink, {.level_min = LogLevel::info, .times = Log::Times::own}};
    Logger& logger = log.make_logger(&clock);
};

TEST_F(LogInMemory, ALineHasTimeLevelRoomAndMessage) {
    clock.set(Instant{1'795'176'000s + 7ms});
    logger.info("shards", "listening on {} with {} shards", "0.0.0.0:8080", 2);
    EXPECT_EQ(sink.text,
              "2026-11-20T12:00:00.007Z info shards listening on 0.0.0.0:8080 with 2 shards\n");
}

TEST_F(LogInMemory, LevelsBelowTheLeastAreNotWritten) {
    logger.debug("core", "a");
    logger.warning("core", "b");
    log.set_level(LogLevel::error);
    logger.warning("core", "c");
    logger.error("core", "d");
    EXPECT_FALSE(logger.is_enabled(LogLevel::warning));
    EXPECT_EQ(sink.text,
              "1970-01-01T00:00:00.000Z warning core b\n"
              "1970-01-01T00:00:00.000Z error core d\n");
}

TEST_F(LogInMemory, APeersBytesCannotForgeALine) {
    logger.info("http", "bad path '{}'", "/\r\n2026 error core all is lost\x1b[2J\x7f");
    EXPECT_EQ(sink.text,
              "1970-01-01T00:00:00.000Z info http bad path '/\\x0d\\x0a2026 error core all is "
              "lost\\x1b[2J\\x7f'\n");
}

TEST_F(LogInMemory, ALongLineIsCutAndSaysSo) {
    logger.info("core", "{}", std::string(LogRecord::text_bytes_max, 'x'));
    logger.info("core", "{}", std::string(5000, 'y'));
    const auto lines = lines_of(sink.text);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].ends_with("info core " + std::string(LogRecord::text_bytes_max, 'x')));
    EXPECT_TRUE(
        lines[1].ends_with("info core " + std::string(LogRecord::text_bytes_max - 3, 'y') + "..."));
}

TEST(Log, WallClockTimesAreOfNow) {
    MemorySink sink;
    Log log{sink};
    const auto before = std::time(nullptr);
    log.make_logger().info("core", "hello");
    const auto after = std::time(nullptr);
    std::tm parts{};
    ASSERT_NE(strptime(sink.text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts), nullptr);
    EXPECT_GE(timegm(&parts), before);
    EXPECT_LE(timegm(&parts), after);
}

TEST(Log, WritesDirectlyBeforeStartAndAfterStopAndThroughTheWriterBetween) {
    MemorySink sink;
    Log log{sink, {.level_min = LogLevel::info, .times = Log::Times::own}};
    Clock clock;
    Logger& logger = log.make_logger(&clock);
    logger.info("core", "before");
    EXPECT_TRUE(sink.text.ends_with(" before\n"));
    log.start();
    logger.info("core", "between");
    log.stop();
    EXPECT_TRUE(sink.text.ends_with(" between\n"));
    logger.info("core", "after");
    EXPECT_TRUE(sink.text.ends_with(" after\n"));
    EXPECT_EQ(lines_of(sink.text).size(), 3U);
}

// A sink like a full pipe: it holds the writer up until it is let go.
class StuckSink final : public LogSink {
public:
    void write(std::string_view lines) override {
        if (!is_stuck_) {
            is_stuck_ = true;
            stuck.set_value();
            let_go.get_future().wait();
        }
        text += lines;
    }
    std::promise<void> stuck;
    std::promise<void> let_go;
    std::string text;

private:
    bool is_stuck_ = false;
};

TEST(LogThreads, AStuckSinkBlocksNobodyAndTheDroppedLinesAreTold) {
    StuckSink sink;
    Log log{sink};
    Clock clock;
    Logger& logger = log.make_logger(&clock);
    log.start();
    logger.info("core", "first");
    sink.stuck.get_future().wait();
    for (int i = 0; i < 1000; i++) logger.info("core", "line {}", i);
    const std::uint64_t dropped = logger.dropped_total();
    EXPECT_EQ(dropped, 1000U - 128U);
    sink.let_go.set_value();
    log.stop();
    const auto lines = lines_of(sink.text);
    ASSERT_EQ(lines.size(), 1 + 128 + 1U);
    EXPECT_TRUE(lines[128].ends_with("line 127"));
    EXPECT_TRUE(lines[129].ends_with("warning core 872 lines dropped")) << lines[129];
}

// Several threads at once: under TSan, and each thread's lines in order with none lost unsaid.
TEST(LogThreads, EveryLineIsWrittenInItsThreadsOrderOrCountedAsDropped) {
    constexpr int lines_each = 5'000;
    MemorySink sink;
    Log log{sink};
    Clock clock;
    std::array<Logger*, 3> loggers{};
    for (Logger*& logger : loggers) logger = &log.make_logger(&clock);
    log.start();
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < loggers.size(); t++) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < lines_each; i++) loggers.at(t)->info("core", "{} {}", t, i);
        });
    }
    for (std::thread& thread : threads) thread.join();
    log.stop();

    std::uint64_t written = 0;
    std::array<int, 3> last{-1, -1, -1};
    std::uint64_t told = 0;
    for (const std::string& line : lines_of(sink.text)) {
        unsigned thread = 0;
        int number = 0;
        unsigned long dropped = 0;
        if (std::sscanf(line.c_str(), "%*s info core %u %d", &thread, &number) == 2) {
            written++;
            EXPECT_GT(number, last.at(thread));
            last.at(thread) = number;
        } else if (std::sscanf(line.c_str(), "%*s warning core %lu lines", &dropped) == 1) {
            told += dropped;
        } else {
            ADD_FAILURE() << line;
        }
    }
    std::uint64_t dropped = 0;
    for (const Logger* logger : loggers) dropped += logger->dropped_total();
    EXPECT_EQ(told, dropped);
    EXPECT_EQ(written + dropped, 3U * lines_each);
    EXPECT_GT(written, 0U);
}

TEST(LogDeathTest, LoggersAreMadeBeforeTheWriterStarts) {
    EXPECT_DEATH(
        {
            MemorySink sink;
            Log log{sink};
            log.start();
            log.make_logger();
        },
        "CHECK failed: !is_running");
}

class LogFile : public testing::Test {
protected:
    LogFile() {
        EXPECT_NE(mkdtemp(directory.data()), nullptr);
        path = directory + "/log";
    }
    ~LogFile() override {
        unlink(path.c_str());
        unlink((path + ".1").c_str());
        rmdir(directory.c_str());
    }
    static std::string content(const std::string& file) {
        std::ifstream stream{file};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }
    std::string directory = "/tmp/ringway-log-XXXXXX";
    std::string path;
};

TEST_F(LogFile, IsAppendedTo) {
    for (const char* line : {"one\n", "two\n"}) {
        FileSink sink{path};
        ASSERT_TRUE(sink.status().has_value());
        sink.write(line);
    }
    EXPECT_EQ(content(path), "one\ntwo\n");
}

TEST_F(LogFile, IsMadeAnewAfterARotation) {
    FileSink sink{path};
    Log log{sink};
    Logger& logger = log.make_logger();
    log.start();
    logger.info("core", "old");
    log.stop();
    std::rename(path.c_str(), (path + ".1").c_str());
    log.start();
    log.reopen();
    log.stop();
    logger.info("core", "new");
    EXPECT_TRUE(content(path + ".1").ends_with(" old\n"));
    EXPECT_TRUE(content(path).ends_with(" new\n"));
    EXPECT_EQ(content(path).find("old"), std::string::npos);
}

TEST_F(LogFile, ThatCannotBeOpenedSaysWhyAndLosesLinesAloud) {
    FileSink sink{directory + "/nowhere/log"};
    ASSERT_FALSE(sink.status().has_value());
    EXPECT_EQ(sink.status().error().sys, ENOENT);
    sink.write("12345\n");
    EXPECT_EQ(sink.lost_bytes(), 6U);
}

TEST_F(LogFile, OnAFullDiskLosesLinesAndNothingElse) {
    FileSink sink{"/dev/full"};
    ASSERT_TRUE(sink.status().has_value());
    sink.write("12345\n");
    EXPECT_EQ(sink.lost_bytes(), 6U);
}

}  // namespace
}  // namespace ringway::core
