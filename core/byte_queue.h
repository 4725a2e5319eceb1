// The bytes waiting to be sent on one stream: a chain of Buffers in order. It joins small parts
// into one buffer as they come, because one send of 16 KiB costs the kernel hardly more than one
// of 200 bytes and two cost twice as much (core/README.md has the figures). Joining never moves
// more than `copy_bytes_max`.
// Owned by one Stream; buffers at the front may be lent to the kernel, they are not joined with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/buffer_pool.h"
#include "core/io.h"

namespace ringway::core {

class ByteQueue {
public:
    static constexpr std::size_t copy_bytes_max = 8192;
    // Of a send of several buffers. What is longer gains nothing by going together.
    static constexpr std::size_t gather_bytes_max = 65'536;

    ByteQueue() = default;
    ByteQueue(const ByteQueue&) = delete;
    ~ByteQueue() { clear(); }

    bool empty() const { return first_ == nullptr; }
    std::size_t size() const { return bytes_; }

    // Takes the buffer, joining it with the last one where that is cheap. Empty buffers vanish.
    void push(Buffer buffer);
    // Copies bytes in, taking buffers from `pool` as needed. False, with nothing queued, when the
    // pool cannot hold them all.
    [[nodiscard]] bool try_copy(std::span<const std::byte> bytes, BufferPool& pool);
    // Moves all of `other` behind what is here.
    void push_all(ByteQueue& other);
    // The front buffer, out of the queue. REQUIRES: !empty() and the front is not lent.
    Buffer pop();
    void clear();

    // More than one buffer.
    bool has_several() const { return first_ != last_; }

    // Lends the front buffer to the kernel for a send and returns its bytes; `end_send` takes it
    // back and drops it: with MSG_WAITALL a send that was not whole is the end of the stream.
    // REQUIRES: !empty(), in turn.
    Part begin_send();
    // The same with as many buffers as `space` has room for, but none beyond gather_bytes_max
    // except the first.
    std::span<const Part> begin_send(std::span<Part> space);
    // Returns how many bytes the send was of.
    std::size_t end_send();
    bool is_sending() const {
        return first_ != nullptr && first_->state == BufferSlot::State::lent;
    }

private:
    bool try_join(Buffer& buffer);

    BufferSlot* first_ = nullptr;
    BufferSlot* last_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace ringway::core
