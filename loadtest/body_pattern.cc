#include "loadtest/body_pattern.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "core/check.h"

namespace ringway::loadtest {

namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678";
constexpr std::size_t period = 61;
static_assert(letters.size() == period);

const std::array<std::byte, pattern_piece_max + period>& pattern() {
    static const auto made = [] {
        std::array<std::byte, pattern_piece_max + period> bytes{};
        for (std::size_t i = 0; i < bytes.size(); i++) {
            bytes[i] = static_cast<std::byte>(letters[i % period]);
        }
        return bytes;
    }();
    return made;
}

}  // namespace

std::span<const std::byte> pattern_piece(std::uint64_t offset, std::size_t size) {
    CHECK(size <= pattern_piece_max);
    return std::span{pattern()}.subspan(static_cast<std::size_t>(offset % period), size);
}

bool is_pattern(std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), pattern_piece_max);
        if (std::memcmp(bytes.data(), pattern_piece(offset, size).data(), size) != 0) return false;
        bytes = bytes.subspan(size);
        offset += size;
    }
    return true;
}

}  // namespace ringway::loadtest
