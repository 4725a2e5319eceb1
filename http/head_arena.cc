#include "http/head_arena.h"

#include <cstring>
#include <new>

namespace ringway::http {

bool HeadArena::keep(Context& context, const RequestHead& head) {
    const std::size_t table_bytes = head.fields.size_bytes();
    // The table first, where the buffer's alignment serves it.
    bytes_ = context.take_buffer(table_bytes + head.bytes + alignof(Field));
    if (!bytes_) return false;
    const auto misaligned =
        reinterpret_cast<std::uintptr_t>(bytes_.back_room().data()) % alignof(Field);
    if (misaligned != 0) bytes_.extend(alignof(Field) - misaligned);
    std::byte* table = bytes_.back_room().data();
    bytes_.append(std::as_bytes(head.fields));
    const char* text = reinterpret_cast<const char*>(bytes_.back_room().data());
    bytes_.append(std::as_bytes(std::span{head.base, head.bytes}));
    head_ = head;
    head_.base = text;
    head_.fields = {std::launder(reinterpret_cast<const Field*>(table)), head.fields.size()};
    return true;
}

}  // namespace ringway::http
