// Numbers with one writer each. The writer is a shard; anybody may read. A write is a load and a
// store, without the lock prefix that several writers would need, and no other shard's counter
// shares its cache line, because a shard's counters lie in the shard.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringway::core {

class Counter {
public:
    // By the one writer.
    void add(std::uint64_t count = 1) {
        // Relaxed: readers want a recent value, and no other data hangs on it.
        value_.store(value() + count, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace ringway::core
