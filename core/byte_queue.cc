#include "core/byte_queue.h"

#include <algorithm>

namespace ringway::core {

void ByteQueue::push(Buffer buffer) {
    if (!buffer || buffer.size() == 0) return;
    bytes_ += buffer.size();
    if (try_join(buffer)) return;
    BufferSlot* slot = buffer.release();
    slot->next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = slot;
    last_ = slot;
}

bool ByteQueue::try_join(Buffer& buffer) {
    if (last_ == nullptr || last_->state == BufferSlot::State::lent) return false;
    Buffer tail{last_};
    const bool fits_behind = buffer.size() <= std::min(copy_bytes_max, tail.back_room().size());
    // A short head goes before the body that follows it, into the room where the head it was made
    // from stood. Only when it is alone: otherwise the chain would need a second link.
    const bool fits_before =
        first_ == last_ && tail.size() <= copy_bytes_max && tail.size() <= buffer.front_room();
    if (fits_behind && (!fits_before || buffer.size() <= tail.size())) {
        tail.append(buffer.bytes());
        tail.release();
        return true;
    }
    if (fits_before) {
        buffer.prepend(tail.bytes());
        tail.reset();
        first_ = last_ = buffer.release();
        return true;
    }
    tail.release();
    return false;
}

bool ByteQueue::try_copy(std::span<const std::byte> bytes, BufferPool& pool) {
    if (last_ != nullptr && last_->state != BufferSlot::State::lent) {
        Buffer tail{last_};
        const bool fits = bytes.size() <= tail.back_room().size();
        if (fits) {
            tail.append(bytes);
            bytes_ += bytes.size();
        }
        tail.release();
        if (fits) return true;
    }
    ByteQueue fresh;
    while (!bytes.empty()) {
        Buffer buffer = pool.try_take();
        if (!buffer) return false;
        const std::size_t part = std::min(bytes.size(), buffer.back_room().size());
        buffer.append(bytes.first(part));
        bytes = bytes.subspan(part);
        fresh.push(std::move(buffer));
    }
    push_all(fresh);
    return true;
}

void ByteQueue::push_all(ByteQueue& other) {
    if (other.first_ == nullptr) return;
    (last_ == nullptr ? first_ : last_->next) = other.first_;
    last_ = other.last_;
    bytes_ += other.bytes_;
    other.first_ = other.last_ = nullptr;
    other.bytes_ = 0;
}

Buffer ByteQueue::pop() {
    CHECK(first_ != nullptr && first_->state == BufferSlot::State::ours);
    BufferSlot* slot = first_;
    first_ = slot->next;
    if (first_ == nullptr) last_ = nullptr;
    slot->next = nullptr;
    bytes_ -= slot->end - slot->begin;
    return Buffer{slot};
}

void ByteQueue::clear() {
    while (first_ != nullptr) pop();
}

Part ByteQueue::begin_send() {
    CHECK(first_ != nullptr);
    BufferPool::lend_in_place(*first_);
    return {first_->memory + first_->begin, first_->end - first_->begin};
}

std::span<const Part> ByteQueue::begin_send(std::span<Part> space) {
    CHECK(first_ != nullptr && !space.empty());
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (BufferSlot* slot = first_; slot != nullptr && count < space.size(); slot = slot->next) {
        bytes += slot->end - slot->begin;
        if (count > 0 && bytes > gather_bytes_max) break;
        BufferPool::lend_in_place(*slot);
        space[count++] = {slot->memory + slot->begin, slot->end - slot->begin};
    }
    return space.first(count);
}

std::size_t ByteQueue::end_send() {
    CHECK(is_sending());
    std::size_t bytes = 0;
    while (is_sending()) {
        BufferPool::reclaim_in_place(*first_);
        bytes += pop().size();
    }
    return bytes;
}

}  // namespace ringway::core
