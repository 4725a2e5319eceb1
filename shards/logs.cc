#include "shards/logs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

namespace ringway::shards {

std::string Logs::open(const config::LogSettings& settings, std::uint32_t shard_count) {
    std::string failure;
    sink_ = open_sink(settings.file, failure);
    if (sink_ == nullptr) return failure;
    const bool is_on = settings.access.file != "off";
    if (is_on) access_sink_ = open_sink(settings.access.file, failure);
    if (is_on && access_sink_ == nullptr) return failure;
    log_.emplace(*sink_, core::Log::Options{.level_min = settings.level});
    logger_ = &log_->make_logger();
    if (is_on) {
        access_log_.emplace(AccessLogWriter::Options{
            .sink = *access_sink_, .logger = log_->make_logger(), .shard_count = shard_count});
    }
    log_->start();
    if (is_on) access_log_->start();
    return {};
}

std::unique_ptr<core::LogSink> Logs::open_sink(const std::string& name, std::string& failure) {
    if (name == "stderr") return std::make_unique<core::DescriptorSink>(STDERR_FILENO);
    if (name == "stdout") return std::make_unique<core::DescriptorSink>(STDOUT_FILENO);
    auto file = std::make_unique<core::FileSink>(name);
    if (const core::Result<void> status = file->status(); !status) {
        failure =
            fmt::format("cannot open the log {}: {}", name, std::strerror(status.error().sys));
        return nullptr;
    }
    descriptors_.push_back(file->descriptor());
    return file;
}

void Logs::reopen() {
    log_->reopen();
    if (access_log_) access_log_->reopen();
}

}  // namespace ringway::shards
