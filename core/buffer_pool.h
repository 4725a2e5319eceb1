// A slab of equal buffers, the memory that bytes from sockets land in. One shard owns it; no other
// thread touches it. A buffer is in exactly one of three states:
//
//     free    in the pool, nobody's;
//     ours    held by exactly one Buffer handle;
//     lent    the kernel may read or write it at any moment (an engine lent it to a receive ring,
//             or a Stream lent it to a send). Under ASan lent memory is poisoned: touching it is
//             caught, which the kernel's own writes never are.
//
// A buffer has front room: receives land `front_room` bytes behind its start, so that a rewritten
// head can be put before a body without moving the body. The pool knows nothing of rings: an
// engine lends it buffers one by one. Memory is reserved at construction and touched on first use.
// When a pool is dry, receivers wait in line (`wait`) and are resumed by the shard's loop
// (`resume_waiters`) when a quarter of the buffers are back: never one by one, which would thrash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/check.h"

namespace ringway::core {

class BufferPool;

// The bookkeeping of one buffer, apart from its bytes. Private to BufferPool, Buffer and ByteQueue.
struct BufferSlot {
    enum class State : std::uint8_t { free, ours, lent };

    BufferPool* pool = nullptr;
    BufferSlot* next = nullptr;  // In the free list, or in a ByteQueue.
    std::byte* memory = nullptr;
    std::uint32_t begin = 0;  // The bytes held are [begin, end) of memory.
    std::uint32_t end = 0;
    State state = State::free;
};

// The one owner of one buffer: move-only, gives it back when it goes. Empty when default-made.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(BufferSlot* slot) : slot_(slot) {}
    Buffer(Buffer&& other) noexcept : slot_(other.release()) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            reset();
            slot_ = other.release();
        }
        return *this;
    }
    ~Buffer() { reset(); }

    explicit operator bool() const { return slot_ != nullptr; }
    void reset() {
        if (slot_ != nullptr) give_back();
    }
    BufferSlot* release() {
        BufferSlot* slot = slot_;
        slot_ = nullptr;
        return slot;
    }

    // The bytes held, and the room before and after them.
    std::span<std::byte> bytes() const {
        return {slot_->memory + slot_->begin, slot_->end - slot_->begin};
    }
    std::size_t size() const { return slot_->end - slot_->begin; }
    std::size_t front_room() const { return slot_->begin; }
    std::span<std::byte> back_room() const;

    // REQUIRES: count <= size().
    void drop_front(std::size_t count) {
        DCHECK(count <= size());
        slot_->begin += static_cast<std::uint32_t>(count);
    }
    void drop_back(std::size_t count) {
        DCHECK(count <= size());
        slot_->end -= static_cast<std::uint32_t>(count);
    }
    // REQUIRES: count <= back_room().size(); the caller has written those bytes.
    void extend(std::size_t count) { slot_->end += static_cast<std::uint32_t>(count); }
    // Copies bytes before or behind the ones held. REQUIRES: they fit.
    void prepend(std::span<const std::byte> bytes);
    void append(std::span<const std::byte> bytes);

private:
    void give_back();

    BufferSlot* slot_ = nullptr;
};

// Someone who found the pool dry. Embedded in the waiter; leaves the line when destroyed.
class BufferWaiter {
public:
    BufferWaiter() = default;
    BufferWaiter(const BufferWaiter&) = delete;
    bool is_waiting() const { return pool_ != nullptr; }
    void stop_waiting();

protected:
    ~BufferWaiter() { stop_waiting(); }

private:
    friend class BufferPool;
    virtual void on_buffers_back() noexcept = 0;

    BufferPool* pool_ = nullptr;
    BufferWaiter* previous_ = nullptr;
    BufferWaiter* next_ = nullptr;
};

class BufferPool {
public:
    struct Options {
        std::uint32_t count;       // At most 65,535: a receive names its buffer in 16 bits.
        std::uint32_t bytes_each;  // With the front room.
        std::uint32_t front_room = 0;
    };
    explicit BufferPool(Options options);
    BufferPool(const BufferPool&) = delete;
    ~BufferPool();  // REQUIRES: every buffer is free.

    // An empty Buffer when the pool is dry (counted).
    Buffer try_take();

    // ours -> lent, by its index. The engine or Stream that lends must later reclaim or unlend.
    std::uint16_t lend(Buffer buffer);
    // lent -> ours, holding `count` bytes behind the front room.
    Buffer reclaim(std::uint16_t index, std::size_t count);
    // Frees what is still lent to an engine's receive ring. REQUIRES: the kernel is done with it.
    void reclaim_lent();
    // Lends to the kernel the bytes of a buffer that stays in its owner's queue, for a send.
    static void lend_in_place(BufferSlot& slot);
    static void reclaim_in_place(BufferSlot& slot);

    // Where a receive into the lent buffer `index` may write.
    std::span<std::byte> receive_space(std::uint16_t index) const;

    void wait(BufferWaiter& waiter);
    bool has_waiters() const { return waiters_first_ != nullptr; }
    // Resumes, in the order they came, those who wait, as far as the buffers suffice. The shard's
    // loop calls this between ticks, never a handler.
    void resume_waiters();

    // What a receive into a buffer may bring.
    std::uint32_t space_each() const { return options_.bytes_each - options_.front_room; }
    std::uint32_t count() const { return options_.count; }
    std::uint32_t free_count() const { return free_count_; }
    std::uint64_t dry_total() const { return dry_total_; }
    const Options& options() const { return options_; }

private:
    friend class Buffer;
    friend class BufferWaiter;
    void give_back(BufferSlot& slot);
    std::size_t memory_bytes() const { return std::size_t{options_.count} * options_.bytes_each; }
    std::size_t index_of(const BufferSlot& slot) const {
        return static_cast<std::size_t>(&slot - slots_);
    }

    // Immutable after construction.
    Options options_;
    std::byte* memory_ = nullptr;
    BufferSlot* slots_ = nullptr;

    BufferSlot* free_first_ = nullptr;  // Last given back, first taken: it is still in the cache.
    std::uint32_t untouched_ = 0;       // Slots from here on were never taken.
    std::uint32_t free_count_ = 0;
    std::uint64_t dry_total_ = 0;
    BufferWaiter* waiters_first_ = nullptr;
    BufferWaiter* waiters_last_ = nullptr;
};

}  // namespace ringway::core
