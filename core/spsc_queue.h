// A bounded queue between two threads: one pushes, one pops, neither ever waits or locks. It
// carries plain values from shard to shard (snapshots, verdicts) and lines to the log's writer.
// Items are copied; what does not fit is declined and stays with the producer.
//
// Which thread calls what: `try_push` and `is_full` only the producer; `try_pop`, `pop_batch` and
// `empty` only the consumer. The indices count up for ever and wrap around with their type.
//
// Invariants: tail - head, the number of items, is between 0 and the capacity; slots in
// [head, tail) belong to the consumer, the others to the producer; only the producer writes tail_
// and only the consumer writes head_. Each side keeps the other's index cached and looks again
// only when the cached one says full (or empty), so that in steady state a push touches no line
// that the consumer writes.
//
// The code is written over a policy for its shared words, so that tests/core/spsc_model_test.cc
// explores every interleaving of the very same functions.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "core/check.h"

namespace ringway::core {

// Two hardware threads that write within one line slow each other down; 64 bytes on all we run on.
inline constexpr std::size_t cache_line = 64;

// The real thing; the model check has another.
struct StdAtomics {
    template <class T>
    using Atomic = std::atomic<T>;
    template <class T>
    using Cell = T;

    static void fence_seq_cst() {
// TSan does not model fences and g++ says so. It needs none here: our fences order a flag against
// an index, both atomic; no plain memory is published through them.
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
        std::atomic_thread_fence(std::memory_order_seq_cst);
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
    }
};

template <class T, class Atomics = StdAtomics>
class SpscQueue {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    // REQUIRES: capacity is a power of two.
    explicit SpscQueue(std::uint32_t capacity)
        : capacity_(capacity), slots_(std::make_unique<Cell[]>(capacity)) {
        CHECK(capacity > 0 && (capacity & (capacity - 1)) == 0);
    }
    SpscQueue(const SpscQueue&) = delete;
    SpscQueue& operator=(const SpscQueue&) = delete;

    std::uint32_t capacity() const { return capacity_; }

    // False when the queue is full.
    [[nodiscard]] bool try_push(const T& item) {
        // relaxed: only this thread writes tail_.
        const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
        if (is_full_at(tail)) return false;
        slots_[tail & (capacity_ - 1)] = item;
        // release: the item is written before the consumer can see that it is there.
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    bool is_full() { return is_full_at(tail_.load(std::memory_order_relaxed)); }

    // False when the queue is empty.
    [[nodiscard]] bool try_pop(T& item) { return pop_batch({&item, 1}) == 1; }

    // Pops up to items.size() items and returns how many; one store gives all their slots back.
    [[nodiscard]] std::size_t pop_batch(std::span<T> items) {
        // relaxed: only this thread writes head_.
        const std::uint32_t head = head_.load(std::memory_order_relaxed);
        const std::size_t count = std::min(items.size(), count_at(head, items.size()));
        if (count == 0) return 0;
        for (std::size_t i = 0; i < count; i++) {
            items[i] = slots_[(head + i) & (capacity_ - 1)];
        }
        // release: the items are read before the producer can see that their slots are free.
        head_.store(head + static_cast<std::uint32_t>(count), std::memory_order_release);
        return count;
    }

    bool empty() { return count_at(head_.load(std::memory_order_relaxed), 1) == 0; }

private:
    using Cell = typename Atomics::template Cell<T>;
    using Index = typename Atomics::template Atomic<std::uint32_t>;

    bool is_full_at(std::uint32_t tail) {
        if (tail - head_seen_ < capacity_) return false;
        // acquire: pairs with the release in pop_batch; we write a slot only after it was read.
        head_seen_ = head_.load(std::memory_order_acquire);
        return tail - head_seen_ == capacity_;
    }

    // Items there for the consumer; looks at the shared index only when fewer than `wanted` are
    // known of.
    std::size_t count_at(std::uint32_t head, std::size_t wanted) {
        const std::uint32_t known = tail_seen_ - head;
        if (known >= wanted) return known;
        // acquire: pairs with the release in try_push; we read a slot only after it was written.
        tail_seen_ = tail_.load(std::memory_order_acquire);
        return tail_seen_ - head;
    }

    // Immutable after construction.
    const std::uint32_t capacity_;
    const std::unique_ptr<Cell[]> slots_;

    // Written by the producer.
    alignas(cache_line) Index tail_{0};
    std::uint32_t head_seen_ = 0;

    // Written by the consumer.
    alignas(cache_line) Index head_{0};
    std::uint32_t tail_seen_ = 0;
};

}  // namespace ringway::core
