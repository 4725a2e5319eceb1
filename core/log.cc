#include "core/log.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>

#include "core/check.h"

namespace ringway::core {

namespace {

// While lines keep coming the writer looks this often instead of being woken for each: a wake
// costs the logging shard about 1 us for the system call and the machine about 20.
constexpr int batch_ms = 10;

Duration read_clock(clockid_t which) {
    timespec time{};
    clock_gettime(which, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

void render_time(Duration since_1970, std::string& text) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    fmt::format_to(std::back_inserter(text), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                   parts.tm_min, parts.tm_sec, ms % 1000);
}

void render_escaped(std::string_view raw, std::string& text) {
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
        } else {
            text += c;
        }
    }
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

bool Logger::is_enabled(LogLevel level) const {
    return log_.is_enabled(level);
}

void Logger::submit(LogRecord& record, std::string_view room, std::size_t text_size) {
    record.at = clock_ != nullptr ? clock_->now() : Instant{read_clock(CLOCK_MONOTONIC)};
    record.text_size = static_cast<std::uint16_t>(std::min(text_size, LogRecord::text_bytes_max));
    if (text_size > LogRecord::text_bytes_max) {
        std::ranges::fill(record.text.end() - 3, record.text.end(), '.');
    }
    record.room.fill('\0');
    std::ranges::copy(room.substr(0, record.room.size() - 1), record.room.begin());
    if (!log_.is_running()) return log_.write_now(record);
    if (!ring_.try_push(record)) return dropped_.add();
    log_.wake_if_asleep();
}

Log::Log(LogSink& sink, Options options)
    : sink_(sink), options_(options), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    CHECK(wake_fd_ >= 0);
    set_level(options.level_min);
}

Log::~Log() {
    stop();
    close(wake_fd_);
}

Logger& Log::make_logger(const Clock* clock) {
    CHECK(!is_running());
    loggers_.emplace_back(new Logger{*this, clock});
    return *loggers_.back();
}

void Log::start() {
    CHECK(!is_running());
    // Signals are the control thread's; the writer inherits a mask that blocks them all.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    writer_ = std::thread{[this] { run(); }};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Log::stop() {
    if (!is_running()) return;
    command(Command::stop);
    writer_.join();
}

void Log::reopen() {
    if (is_running()) {
        command(Command::reopen);
    } else {
        sink_.reopen();
    }
}

void Log::command(Command command) {
    // Full only when the sink has been stuck for several commands; they are all there to be done.
    while (!commands_.try_push(command)) std::this_thread::yield();
    // Always, also while the writer only naps between batches.
    const std::uint64_t one = 1;
    CHECK(write(wake_fd_, &one, sizeof(one)) == sizeof(one));
}

void Log::wake_if_asleep() {
    if (!asleep_.claim()) return;
    const std::uint64_t one = 1;
    CHECK(write(wake_fd_, &one, sizeof(one)) == sizeof(one));
}

void Log::write_now(const LogRecord& record) {
    std::string text;
    render(record, text);
    sink_.write(text);
}

void Log::run() {
    while (take_commands()) {
        if (write_all() > 0) {
            wait(batch_ms);
            continue;
        }
        asleep_.begin_sleep();
        if (is_idle()) wait(-1);
        asleep_.end_sleep();
    }
    // Those who log were joined before `stop`, so nothing comes after this.
    while (write_all() > 0) {
    }
}

// False when it is time to stop.
bool Log::take_commands() {
    Command command{};
    while (commands_.try_pop(command)) {
        switch (command) {
            case Command::stop:
                return false;
            case Command::reopen:
                sink_.reopen();
                break;
        }
    }
    return true;
}

// Everything that is in the rings now, one write per ring. Returns how many lines.
std::size_t Log::write_all() {
    std::size_t lines = 0;
    std::string text;
    LogRecord record;
    for (const auto& logger : loggers_) {
        // At most a ring full, so that one thread in a frenzy does not keep the others waiting.
        std::uint32_t taken = 0;
        for (; taken < Logger::ring_records && logger->ring_.try_pop(record); taken++) {
            render(record, text);
        }
        render_dropped(*logger, text);
        lines += taken;
        if (!text.empty()) sink_.write(text);
        text.clear();
    }
    return lines;
}

void Log::render_dropped(Logger& logger, std::string& text) {
    const std::uint64_t dropped = logger.dropped_.value();
    if (dropped == logger.dropped_told_) return;
    LogRecord record{};
    record.at = Instant{read_clock(CLOCK_MONOTONIC)};
    record.level = LogLevel::warning;
    std::ranges::copy(std::string_view{"core"}, record.room.begin());
    const auto result = fmt::format_to_n(record.text.data(), record.text.size(), "{} lines dropped",
                                         dropped - logger.dropped_told_);
    record.text_size = static_cast<std::uint16_t>(result.size);
    logger.dropped_told_ = dropped;
    render(record, text);
}

bool Log::is_idle() {
    if (!commands_.empty()) return false;
    return std::ranges::all_of(loggers_, [](const auto& logger) { return logger->ring_.empty(); });
}

void Log::wait(int timeout_ms) const {
    pollfd entry{.fd = wake_fd_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, timeout_ms) != 1) return;
    std::uint64_t wakes = 0;
    CHECK(read(wake_fd_, &wakes, sizeof(wakes)) == sizeof(wakes));
}

void Log::render(const LogRecord& record, std::string& text) const {
    Duration time = record.at.time_since_epoch();
    // The difference is taken anew for every line: the wall clock may be set meanwhile.
    if (options_.times == Times::wall) {
        time += read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
    }
    render_time(time, text);
    fmt::format_to(std::back_inserter(text), " {} {} ", name_of(record.level), record.room.data());
    render_escaped({record.text.data(), record.text_size}, text);
    text += '\n';
}

}  // namespace ringway::core
