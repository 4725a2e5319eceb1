// The logs of the process, as the configuration says: the log for operators and, when it is on, the
// access log, each with its sink and its writer's thread. Made by `run` before the shards and ended
// behind them, so that nothing that was logged is lost. Belongs to the control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/log.h"
#include "shards/control/access_log_writer.h"

namespace ringway::shards {

class Logs {
public:
    // Empty, or what could not be opened and why. REQUIRES: called once.
    std::string open(const config::LogSettings& settings, std::uint32_t shard_count);

    // REQUIRES: open.
    core::Logger& logger() { return *logger_; }
    AccessLogWriter* access_log() { return access_log_ ? &*access_log_ : nullptr; }
    // New files of the same names, made by the writers.
    void reopen();
    // Nothing is logged any more: returns when the operators' lines are written.
    void stop() { log_->stop(); }

    // Descriptors that only the writers use: a copy of one in a shard's table would keep a file
    // that was rotated away and deleted on the disk for ever.
    const std::vector<int>& descriptors() const { return descriptors_; }

private:
    std::unique_ptr<core::LogSink> open_sink(const std::string& name, std::string& failure);

    std::vector<int> descriptors_;
    std::unique_ptr<core::LogSink> sink_;
    std::unique_ptr<core::LogSink> access_sink_;
    std::optional<core::Log> log_;
    core::Logger* logger_ = nullptr;
    std::optional<AccessLogWriter> access_log_;  // Ends first: its writer logs too.
};

}  // namespace ringway::shards
