// The one thread that writes the access log: takes what the shards have put into their rings and
// hands it to the sink in large pieces, some fifty times a second while requests end, more often
// when a ring fills, and sleeps when none ends. A disk that stands still costs lines, which are
// counted, and never a request.
//
// The control thread owns it and calls start, stop and reopen; `start` comes before the shards have
// descriptor tables of their own, `stop` after they were joined: then every line is written. Any
// shard may call `wake_if_asleep`, and pushes into its own ring alone.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/log.h"
#include "core/log_sink.h"
#include "core/wake_flag.h"
#include "shards/access_log_ring.h"

namespace ringway::shards {

class AccessLogWriter {
public:
    struct Options {
        core::LogSink& sink;
        // Of the writer's thread: it says how many lines were dropped.
        core::Logger& logger;
        std::uint32_t shard_count;
    };
    explicit AccessLogWriter(const Options& options);
    AccessLogWriter(const AccessLogWriter&) = delete;
    AccessLogWriter& operator=(const AccessLogWriter&) = delete;
    ~AccessLogWriter();

    void start();
    void stop();  // Returns when every line is written.
    // A new file of the same name, after the old one was renamed.
    void reopen();

    AccessLogRing& ring(std::uint32_t shard) { return *rings_[shard]; }
    // Any shard, after a push into its ring.
    void wake_if_asleep(AccessLogRing& ring) {
        if (asleep_.claim()) return wake();
        if (ring.is_filling() && napping_.claim()) wake();
    }

private:
    enum class Command : std::uint8_t { stop, reopen };

    void wake() const;
    void command(Command command);

    // The writer's thread.
    void run();
    bool take_commands();
    std::size_t write_all();
    void tell_dropped();
    bool is_idle();
    void wait(int timeout_ms) const;

    // Immutable while running.
    core::LogSink& sink_;
    core::Logger& logger_;
    std::vector<std::unique_ptr<AccessLogRing>> rings_;
    int wake_fd_;

    std::uint64_t dropped_told_ = 0;  // The writer's.
    core::WakeFlag asleep_;
    core::WakeFlag napping_;  // Between two pieces: only a ring that fills is worth a wake.
    core::SpscQueue<Command> commands_{4};
    std::thread thread_;
};

}  // namespace ringway::shards
