// Lines for the operator, off the hot path. Every thread that logs has its own Logger: a line is
// formatted into a fixed record on its stack and copied into the Logger's ring; one writer thread
// turns records into text. Nothing allocates, locks or waits on the logging side: a line that
// finds the ring full is dropped, counted, and the writer says how many were.
//
//     log.info("shards", "listening on {}", address.text());
//     2026-11-20T12:00:00.000Z info shards listening on 0.0.0.0:8080
//
// Before `start` and after `stop` a Logger writes to the sink itself, so that start-up, shutdown
// and a simulation (which never starts the writer, and has a sink in memory) read the same.
//
// Threads: the control thread owns the Log, makes all Loggers and calls start, stop and reopen; a
// thread that logs is started after `start` and joined before `stop`. A peer's bytes may stand in
// a message: control characters are written as \x0a, so that nobody forges a line.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/log_sink.h"
#include "core/metrics.h"
#include "core/spsc_queue.h"
#include "core/wake_flag.h"

namespace ringway::core {

class Log;

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::string_view name_of(LogLevel level) noexcept;

// A line on its way to the writer. What does not fit is cut off and marked with "...".
struct LogRecord {
    static constexpr std::size_t text_bytes_max = 480;

    Instant at;
    LogLevel level;
    std::uint16_t text_size;
    std::array<char, 16> room;  // Ends with a zero byte.
    std::array<char, text_bytes_max> text;
};

class Logger {
public:
    template <class... Args>
    void debug(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::debug, room, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::info, room, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warning(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::warning, room, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::error, room, text, std::forward<Args>(args)...);
    }

    template <class... Args>
    void write(LogLevel level, std::string_view room, fmt::format_string<Args...> text,
               Args&&... args) {
        if (!is_enabled(level)) return;
        LogRecord record;
        const auto result = fmt::format_to_n(record.text.data(), record.text.size(), text,
                                             std::forward<Args>(args)...);
        record.level = level;
        submit(record, room, result.size);
    }

    bool is_enabled(LogLevel level) const;
    std::uint64_t dropped_total() const { return dropped_.value(); }

private:
    friend class Log;
    Logger(Log& log, const Clock* clock) : log_(log), clock_(clock) {}
    void submit(LogRecord& record, std::string_view room, std::size_t text_size);

    static constexpr std::uint32_t ring_records = 128;

    Log& log_;
    const Clock* clock_;
    SpscQueue<LogRecord> ring_{ring_records};
    Counter dropped_;
    std::uint64_t dropped_told_ = 0;  // The writer's.
};

class Log {
public:
    // Wall-clock times, or the clock's own from its epoch on: what a simulation repeats exactly.
    enum class Times : std::uint8_t { wall, own };
    struct Options {
        LogLevel level_min = LogLevel::info;
        Times times = Times::wall;
    };
    explicit Log(LogSink& sink) : Log(sink, Options{}) {}
    Log(LogSink& sink, Options options);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    // `clock` is that of the thread's loop; without one every line asks the kernel for the time.
    // REQUIRES: not running.
    Logger& make_logger(const Clock* clock = nullptr);

    void start();
    void stop();  // Returns when every line is written.
    // Asks the sink for a new file of the same name (log rotation).
    void reopen();
    void set_level(LogLevel level_min) { level_min_.set(static_cast<std::int64_t>(level_min)); }

private:
    friend class Logger;
    enum class Command : std::uint8_t { stop, reopen };

    bool is_running() const { return writer_.joinable(); }
    bool is_enabled(LogLevel level) const {
        return static_cast<std::int64_t>(level) >= level_min_.value();
    }
    void write_now(const LogRecord& record);
    void wake_if_asleep();
    void command(Command command);

    // The writer's thread.
    void run();
    bool take_commands();
    std::size_t write_all();
    void render_dropped(Logger& logger, std::string& text);
    bool is_idle();
    void wait(int timeout_ms) const;
    void render(const LogRecord& record, std::string& text) const;

    // Immutable while running.
    LogSink& sink_;
    Options options_;
    std::vector<std::unique_ptr<Logger>> loggers_;
    int wake_fd_;

    Gauge level_min_;
    WakeFlag asleep_;
    SpscQueue<Command> commands_{4};
    std::thread writer_;
};

}  // namespace ringway::core
