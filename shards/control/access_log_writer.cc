#include "shards/control/access_log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/check.h"

namespace ringway::shards {

namespace {

// While lines keep coming the writer looks this often; a shard whose ring (1 MiB, some 2,500 lines)
// is half full wakes it before. Each look costs two switches of threads and cold caches behind
// them.
constexpr int batch_ms = 20;

}  // namespace

AccessLogWriter::AccessLogWriter(const Options& options)
    : sink_(options.sink),
      logger_(options.logger),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    CHECK(wake_fd_ >= 0);
    for (std::uint32_t i = 0; i < options.shard_count; i++) {
        rings_.push_back(std::make_unique<AccessLogRing>());
    }
}

AccessLogWriter::~AccessLogWriter() {
    stop();
    close(wake_fd_);
}

void AccessLogWriter::start() {
    CHECK(!thread_.joinable());
    // Signals are the control thread's; the writer inherits a mask that blocks them all.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread{[this] { run(); }};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void AccessLogWriter::stop() {
    if (!thread_.joinable()) return;
    command(Command::stop);
    thread_.join();
}

void AccessLogWriter::reopen() {
    if (thread_.joinable()) {
        command(Command::reopen);
    } else {
        sink_.reopen();
    }
}

void AccessLogWriter::command(Command command) {
    // Full only when the sink has been stuck for several commands. A further one to reopen would
    // say nothing new; the one to stop must be heard.
    while (!commands_.try_push(command)) {
        if (command == Command::reopen) return;
        std::this_thread::yield();
    }
    wake();
}

void AccessLogWriter::wake() const {
    const std::uint64_t one = 1;
    CHECK(write(wake_fd_, &one, sizeof one) == sizeof one);
}

// --- The writer's thread ------------------------------------------------------------------------

void AccessLogWriter::run() {
    while (take_commands()) {
        if (write_all() > 0) {
            napping_.begin_sleep();
            wait(batch_ms);
            napping_.end_sleep();
            continue;
        }
        asleep_.begin_sleep();
        if (is_idle()) wait(-1);
        asleep_.end_sleep();
    }
    // The shards were joined before `stop`, so nothing comes after this.
    while (write_all() > 0) {
    }
}

// False when it is time to stop.
bool AccessLogWriter::take_commands() {
    Command command{};
    while (commands_.try_pop(command)) {
        switch (command) {
            case Command::stop:
                return false;
            case Command::reopen:
                // What was logged before belongs to the old file.
                write_all();
                sink_.reopen();
                break;
        }
    }
    return true;
}

std::size_t AccessLogWriter::write_all() {
    std::size_t lines = 0;
    for (const auto& ring : rings_) lines += ring->write_to(sink_);
    tell_dropped();
    return lines;
}

void AccessLogWriter::tell_dropped() {
    std::uint64_t dropped = 0;
    for (const auto& ring : rings_) dropped += ring->dropped_total();
    if (dropped == dropped_told_) return;
    logger_.warning("shards", "access log: {} lines dropped", dropped - dropped_told_);
    dropped_told_ = dropped;
}

bool AccessLogWriter::is_idle() {
    if (!commands_.empty()) return false;
    return std::ranges::all_of(rings_, [](const auto& ring) { return ring->empty(); });
}

void AccessLogWriter::wait(int timeout_ms) const {
    pollfd entry{.fd = wake_fd_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, timeout_ms) != 1) return;
    std::uint64_t wakes = 0;
    CHECK(read(wake_fd_, &wakes, sizeof wakes) == sizeof wakes);
}

}  // namespace ringway::shards
