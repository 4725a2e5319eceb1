#include "shards/shard_access_log.h"

#include <array>

namespace ringway::shards {

void ShardAccessLog::on_finish(const http::ExchangeRecord& record) {
    std::array<char, http::access_line_bytes_max> space;
    core::TextWriter line{space};
    http::write_access_line(options_.format, record,
                            {.wall_time = wall_time_, .since_1970 = options_.clock.since_1970()},
                            line);
    ring_.try_push(line.written());
    options_.writer.wake_if_asleep(ring_);
}

}  // namespace ringway::shards
