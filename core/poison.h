// Marks memory of ours that nobody may touch at present: a free slot, a buffer lent to the kernel.
// Under AddressSanitizer touching it is reported; in other builds both functions are empty. Every
// slab and pool poisons what it holds back: their memory is mapped once and never freed, so that
// ASan alone would see no use after free in it.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define RINGWAY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RINGWAY_ASAN 1
#endif
#endif

#ifdef RINGWAY_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace ringway::core {

inline void poison([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t count) {
#ifdef RINGWAY_ASAN
    ASAN_POISON_MEMORY_REGION(memory, count);
#endif
}

inline void unpoison([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t count) {
#ifdef RINGWAY_ASAN
    ASAN_UNPOISON_MEMORY_REGION(memory, count);
#endif
}

}  // namespace ringway::core
