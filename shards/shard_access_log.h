// A shard's end of the access log: composes the line of an ended request and puts it into the
// shard's ring. Belongs to the shard's thread; the AccessLogWriter, which outlives it, empties the
// ring on its own. Never waits: what does not fit is dropped and counted there.
#pragma once

#include "core/clock.h"
#include "http/access_line.h"
#include "http/access_log.h"
#include "shards/control/access_log_writer.h"

namespace ringway::shards {

class ShardAccessLog final : public http::AccessLog {
public:
    struct Options {
        http::AccessFormat format;
        const core::Clock& clock;
        AccessLogWriter& writer;
        std::uint32_t shard;
    };
    explicit ShardAccessLog(const Options& options)
        : options_(options), ring_(options.writer.ring(options.shard)) {}

    void on_finish(const http::ExchangeRecord& record) override;

private:
    Options options_;
    AccessLogRing& ring_;
    http::WallTime wall_time_;
};

}  // namespace ringway::shards
