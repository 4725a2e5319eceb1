#include "core/buffer_pool.h"

#include <sys/mman.h>

#include <cstring>
#include <memory>

#include "core/poison.h"

namespace ringway::core {

void Buffer::give_back() {
    BufferSlot* slot = release();
    slot->pool->give_back(*slot);
}

std::span<std::byte> Buffer::back_room() const {
    return {slot_->memory + slot_->end, slot_->pool->options().bytes_each - slot_->end};
}

void Buffer::prepend(std::span<const std::byte> bytes) {
    CHECK(bytes.size() <= front_room());
    slot_->begin -= static_cast<std::uint32_t>(bytes.size());
    std::memcpy(slot_->memory + slot_->begin, bytes.data(), bytes.size());
}

void Buffer::append(std::span<const std::byte> bytes) {
    const std::span<std::byte> room = back_room();
    CHECK(bytes.size() <= room.size());
    if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
    extend(bytes.size());
}

void BufferWaiter::stop_waiting() {
    if (pool_ == nullptr) return;
    (previous_ == nullptr ? pool_->waiters_first_ : previous_->next_) = next_;
    (next_ == nullptr ? pool_->waiters_last_ : next_->previous_) = previous_;
    pool_ = nullptr;
    previous_ = next_ = nullptr;
}

namespace {

// Reserved, not touched: what the traffic never needs is never resident.
void* reserve(std::size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

}  // namespace

BufferPool::BufferPool(Options options) : options_(options), free_count_(options.count) {
    CHECK(options.count > 0 && options.count <= 0xffff);
    CHECK(options.front_room < options.bytes_each);
    memory_ = static_cast<std::byte*>(reserve(memory_bytes()));
    slots_ = static_cast<BufferSlot*>(reserve(options.count * sizeof(BufferSlot)));
    poison(memory_, memory_bytes());
}

BufferPool::~BufferPool() {
    CHECK(free_count_ == options_.count);
    CHECK(waiters_first_ == nullptr);
    unpoison(memory_, memory_bytes());
    munmap(memory_, memory_bytes());
    munmap(slots_, options_.count * sizeof(BufferSlot));
}

Buffer BufferPool::try_take() {
    BufferSlot* slot = free_first_;
    if (slot != nullptr) {
        free_first_ = slot->next;
    } else if (untouched_ < options_.count) {
        slot = std::construct_at(&slots_[untouched_]);
        slot->pool = this;
        slot->memory = memory_ + std::size_t{untouched_} * options_.bytes_each;
        untouched_++;
    } else {
        dry_total_++;
        return Buffer{};
    }
    CHECK(slot->state == BufferSlot::State::free);
    slot->state = BufferSlot::State::ours;
    slot->next = nullptr;
    slot->begin = slot->end = options_.front_room;
    unpoison(slot->memory, options_.bytes_each);
    free_count_--;
    return Buffer{slot};
}

void BufferPool::give_back(BufferSlot& slot) {
    CHECK(slot.state == BufferSlot::State::ours);
    slot.state = BufferSlot::State::free;
    slot.next = free_first_;
    free_first_ = &slot;
    free_count_++;
    poison(slot.memory, options_.bytes_each);
}

std::uint16_t BufferPool::lend(Buffer buffer) {
    BufferSlot* slot = buffer.release();
    CHECK(slot != nullptr && slot->pool == this && slot->state == BufferSlot::State::ours);
    slot->state = BufferSlot::State::lent;
    poison(slot->memory, options_.bytes_each);
    return static_cast<std::uint16_t>(index_of(*slot));
}

Buffer BufferPool::reclaim(std::uint16_t index, std::size_t count) {
    CHECK(index < options_.count);
    BufferSlot& slot = slots_[index];
    CHECK(slot.state == BufferSlot::State::lent);
    CHECK(count <= options_.bytes_each - options_.front_room);
    slot.state = BufferSlot::State::ours;
    slot.begin = options_.front_room;
    slot.end = options_.front_room + static_cast<std::uint32_t>(count);
    unpoison(slot.memory, options_.bytes_each);
    return Buffer{&slot};
}

void BufferPool::reclaim_lent() {
    for (std::uint32_t i = 0; i < untouched_; i++) {
        if (slots_[i].state == BufferSlot::State::lent) {
            reclaim(static_cast<std::uint16_t>(i), 0).reset();
        }
    }
}

void BufferPool::lend_in_place(BufferSlot& slot) {
    CHECK(slot.state == BufferSlot::State::ours);
    slot.state = BufferSlot::State::lent;
    poison(slot.memory, slot.pool->options_.bytes_each);
}

void BufferPool::reclaim_in_place(BufferSlot& slot) {
    CHECK(slot.state == BufferSlot::State::lent);
    slot.state = BufferSlot::State::ours;
    unpoison(slot.memory, slot.pool->options_.bytes_each);
}

std::span<std::byte> BufferPool::receive_space(std::uint16_t index) const {
    const BufferSlot& slot = slots_[index];
    return {slot.memory + options_.front_room, options_.bytes_each - options_.front_room};
}

void BufferPool::wait(BufferWaiter& waiter) {
    CHECK(!waiter.is_waiting());
    waiter.pool_ = this;
    waiter.previous_ = waiters_last_;
    (waiters_last_ == nullptr ? waiters_first_ : waiters_last_->next_) = &waiter;
    waiters_last_ = &waiter;
}

void BufferPool::resume_waiters() {
    if (waiters_first_ == nullptr || free_count_ < options_.count / 4) return;
    // Each resumed receive takes at most one buffer; no more are woken than could be served.
    for (std::uint32_t served = 0; served < free_count_ && waiters_first_ != nullptr; served++) {
        BufferWaiter& waiter = *waiters_first_;
        waiter.stop_waiting();
        waiter.on_buffers_back();
    }
}

}  // namespace ringway::core
