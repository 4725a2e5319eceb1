// A copy of some bytes whose last byte is the last one before an unreadable page: who reads past
// the end dies there, at once and with any compiler. For tests of parsers; one owner, any thread.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/check.h"

namespace ringway::tests {

class GuardedBytes {
public:
    explicit GuardedBytes(std::string_view bytes) : size_(bytes.size()) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t readable = (size_ / page + 1) * page;
        mapped_ = readable + page;
        void* const mapping =
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(mapping != MAP_FAILED);
        base_ = static_cast<char*>(mapping);
        CHECK(mprotect(base_ + readable, page, PROT_NONE) == 0);
        begin_ = base_ + readable - size_;
        std::memcpy(begin_, bytes.data(), size_);
    }
    ~GuardedBytes() { munmap(base_, mapped_); }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;

    std::string_view text() const { return {begin_, size_}; }
    std::span<std::byte> bytes() const { return {reinterpret_cast<std::byte*>(begin_), size_}; }

private:
    char* base_ = nullptr;
    char* begin_ = nullptr;
    std::size_t size_;
    std::size_t mapped_ = 0;
};

}  // namespace ringway::tests
