// Lines of the access log on their way from one shard to the writer's thread. A line is copied into
// a ring of bytes or not at all: a full ring drops it and counts it, the shard never waits.
//
// The bytes are published and given back by two bounded queues that carry positions, so all that
// is shared between the threads is SpscQueue's. Positions count bytes for ever and wrap around.
// Which thread calls what: `try_push`
// and `is_filling` only the shard; `write_to` and `empty` only the writer; the totals anyone.
//
// Invariants: bytes in [returned, end) hold lines that were not yet written, in order; both
// positions stand at the beginning of a line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/log_sink.h"
#include "core/metrics.h"
#include "core/spsc_queue.h"

namespace ringway::shards {

class AccessLogRing {
public:
    static constexpr std::uint32_t bytes_max = 1 << 20;
    static constexpr std::uint32_t lines_max = 8'192;

    // REQUIRES: bytes is a power of two.
    explicit AccessLogRing(std::uint32_t bytes = bytes_max)
        : size_(bytes), bytes_(std::make_unique_for_overwrite<char[]>(bytes)) {
        CHECK(bytes > 0 && (bytes & (bytes - 1)) == 0);
    }

    // False when there is no room: the line is dropped.
    bool try_push(std::string_view line) {
        const auto size = static_cast<std::uint32_t>(line.size());
        if (!has_room(size) || ends_.is_full()) {
            dropped_.add();
            return false;
        }
        const std::uint32_t begin = end_ & (size_ - 1);
        const std::uint32_t first = std::min(size, size_ - begin);
        std::memcpy(bytes_.get() + begin, line.data(), first);
        std::memcpy(bytes_.get(), line.data() + first, size - first);
        end_ += size;
        CHECK(ends_.try_push(end_));
        lines_.add();
        return true;
    }

    // Whether more than half is used: time for the writer to come.
    bool is_filling() {
        if (end_ - free_from_ <= size_ / 2) return false;
        look_what_is_free();
        return end_ - free_from_ > size_ / 2;
    }

    // Writes all lines that are there, in one piece or two. Returns how many.
    std::size_t write_to(core::LogSink& sink) {
        std::uint32_t ends[64];
        std::uint32_t end = written_;
        std::size_t lines = 0;
        // At most a ring full, so that one shard in a frenzy does not keep the others waiting.
        while (lines < lines_max) {
            const std::size_t count = ends_.pop_batch(ends);
            if (count == 0) break;
            lines += count;
            end = ends[count - 1];
        }
        write_bytes(end, sink);
        if (returned_ != written_ && freed_.try_push(written_)) returned_ = written_;
        return lines;
    }
    bool empty() { return ends_.empty(); }

    std::uint64_t lines_total() const { return lines_.value(); }
    std::uint64_t dropped_total() const { return dropped_.value(); }

private:
    bool has_room(std::uint32_t size) {
        // Asked for when half is used up, so that what the writer could not tell of while its queue
        // was full is told before the rest is.
        if (end_ - free_from_ + size <= size_ / 2) return true;
        look_what_is_free();
        return size <= size_ - (end_ - free_from_);
    }
    void look_what_is_free() {
        std::uint32_t position = 0;
        while (freed_.try_pop(position)) free_from_ = position;
    }

    void write_bytes(std::uint32_t end, core::LogSink& sink) {
        while (written_ != end) {
            const std::uint32_t begin = written_ & (size_ - 1);
            const std::uint32_t size = std::min(end - written_, size_ - begin);
            sink.write({bytes_.get() + begin, size});
            written_ += size;
        }
    }

    // Immutable after construction.
    const std::uint32_t size_;
    const std::unique_ptr<char[]> bytes_;

    core::SpscQueue<std::uint32_t> ends_{lines_max};  // Where lines end; the shard pushes.
    core::SpscQueue<std::uint32_t> freed_{4};         // Up to where bytes are free; the writer.

    // The shard's.
    std::uint32_t end_ = 0;
    std::uint32_t free_from_ = 0;
    core::Counter lines_;
    core::Counter dropped_;

    // The writer's, on a line of their own.
    alignas(core::cache_line) std::uint32_t written_ = 0;
    std::uint32_t returned_ = 0;
};

}  // namespace ringway::shards
