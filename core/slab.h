// A fixed number of places for objects of one type, e.g. the connections of a shard. Memory is
// reserved at construction and becomes resident page by page as places are first used, so a slab
// of 100,000 costs what is used of it. One shard owns a slab; no other thread touches it.
//
// Each place counts generations: a SlotRef names an object and its generation, and `find` answers
// nullptr for an object that was destroyed, also when its place was taken again. Objects never
// move. The place freed last is taken first: it is still in the cache.
// The generation is odd while the place is taken, so a default-made SlotRef never finds anything.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "core/check.h"
#include "core/ids.h"
#include "core/poison.h"

namespace ringway::core {

template <class T>
class Slab {
public:
    explicit Slab(std::uint32_t capacity) : capacity_(capacity) {
        CHECK(capacity > 0 && capacity < none);
        void* memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(memory != MAP_FAILED);
        slots_ = static_cast<Slot*>(memory);
        poison(memory, bytes());
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() {
        CHECK(size_ == 0);
        unpoison(slots_, bytes());
        munmap(static_cast<void*>(slots_), bytes());
    }

    // nullptr when every place is taken (counted).
    template <class... Args>
    T* try_create(Args&&... args) {
        Slot* slot = take();
        if (slot == nullptr) {
            full_total_++;
            return nullptr;
        }
        // Before the constructor runs, so that it may hand out its own SlotRef.
        slot->generation++;
        size_++;
        return new (static_cast<void*>(slot->storage)) T(std::forward<Args>(args)...);
    }

    // REQUIRES: `object` was made by this slab and lives.
    void destroy(T& object) {
        Slot& slot = slot_of(object);
        CHECK(is_taken(slot));
        // Nobody finds an object that is on its way out, not even its own destructor.
        slot.generation++;
        std::destroy_at(&object);
        poison(slot.storage, sizeof(slot.storage));
        slot.next_free = free_first_;
        free_first_ = index_of(slot);
        size_--;
    }

    SlotRef ref_of(const T& object) const {
        const Slot& slot = slot_of(object);
        return {index_of(slot), slot.generation};
    }

    T* find(SlotRef ref) {
        if (ref.index >= touched_) return nullptr;
        Slot& slot = slots_[ref.index];
        if (slot.generation != ref.generation || !is_taken(slot)) return nullptr;
        return object_in(slot);
    }

    // Calls `visit` with every object, in no useful order; it may destroy the one it is given.
    // Objects created meanwhile may or may not be visited.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (std::uint32_t index = 0; index < touched_; index++) {
            if (is_taken(slots_[index])) visit(*object_in(slots_[index]));
        }
    }

    std::uint32_t size() const { return size_; }
    std::uint32_t capacity() const { return capacity_; }
    bool is_full() const { return size_ == capacity_; }
    // How often `try_create` found no place.
    std::uint64_t full_total() const { return full_total_; }
    static constexpr std::size_t bytes_per_slot() { return sizeof(Slot); }

private:
    static constexpr std::uint32_t none = 0xffff'ffff;

    struct Slot {
        alignas(T) std::byte storage[sizeof(T)];  // First: an object's address is its slot's.
        std::uint32_t generation;
        std::uint32_t next_free;
    };
    static_assert(alignof(Slot) <= 4096, "mmap gives pages");

    std::size_t bytes() const { return std::size_t{capacity_} * sizeof(Slot); }
    static bool is_taken(const Slot& slot) { return slot.generation % 2 == 1; }
    static T* object_in(Slot& slot) { return std::launder(reinterpret_cast<T*>(slot.storage)); }
    Slot& slot_of(const T& object) const {
        const auto offset =
            reinterpret_cast<std::uintptr_t>(&object) - reinterpret_cast<std::uintptr_t>(slots_);
        const std::size_t index = offset / sizeof(Slot);
        CHECK(index < touched_ && offset % sizeof(Slot) == 0);
        return slots_[index];
    }
    std::uint32_t index_of(const Slot& slot) const {
        return static_cast<std::uint32_t>(&slot - slots_);
    }

    Slot* take() {
        if (free_first_ != none) {
            Slot& slot = slots_[free_first_];
            free_first_ = slot.next_free;
            unpoison(slot.storage, sizeof(slot.storage));
            return &slot;
        }
        if (touched_ == capacity_) return nullptr;
        Slot& slot = slots_[touched_++];
        unpoison(&slot, sizeof(slot));  // Fresh from mmap: generation 0.
        return &slot;
    }

    // Immutable after construction.
    std::uint32_t capacity_;
    Slot* slots_ = nullptr;

    std::uint32_t touched_ = 0;  // Slots from here on were never taken.
    std::uint32_t free_first_ = none;
    std::uint32_t size_ = 0;
    std::uint64_t full_total_ = 0;
};

}  // namespace ringway::core
