// Names for things that are told apart by number. Each is its own type, so that a backend's number
// is never taken for a group's. A SlotRef names an object in a slab together with the generation
// of the slot: a message that comes late for a slot that was reused does not match.
#pragma once

#include <compare>
#include <cstdint>

namespace ringway::core {

template <class Tag>
struct Id {
    std::uint32_t value = 0;
    auto operator<=>(const Id&) const = default;
};

using ShardId = Id<struct ShardTag>;
using GroupId = Id<struct GroupTag>;
// Given by the control thread; survives reloads with the backend's identity.
using BackendId = Id<struct BackendTag>;

struct SlotRef {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    bool operator==(const SlotRef&) const = default;
};

}  // namespace ringway::core
