// Copies of a few bytes, as heads and log lines are made of: a call of memcpy, which must find out
// what it was called for, costs more than they do. Pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringway::core {

// The first and the last `Word` of a text, which may overlap. REQUIRES: size >= sizeof(Word).
template <class Word>
inline void copy_ends(const char* from, std::size_t size, char* to) {
    Word first;
    Word last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
}

// Behind the bytes copied. `text` may be a view of nothing; it does not overlap with `to`.
inline char* copy_short(std::string_view text, char* to) {
    struct Line {
        std::uint64_t words[2];
    };
    const char* const from = text.data();
    const std::size_t size = text.size();
    if (size > 2 * sizeof(Line)) {
        std::memcpy(to, from, size);
    } else if (size >= sizeof(Line)) {
        copy_ends<Line>(from, size, to);
    } else if (size >= 8) {
        copy_ends<std::uint64_t>(from, size, to);
    } else if (size >= 4) {
        copy_ends<std::uint32_t>(from, size, to);
    } else if (size >= 2) {
        copy_ends<std::uint16_t>(from, size, to);
    } else if (size == 1) {
        *to = *from;
    }
    return to + size;
}

}  // namespace ringway::core
