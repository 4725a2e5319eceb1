#include "http/request_id.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/check.h"

namespace ringway::http {

namespace {

// Eight hex digits at once, a byte of the word each.
std::uint64_t hex_digits(std::uint32_t number) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    std::uint64_t word = number;
    word = (word | word << 16) & 0x0000'ffff'0000'ffff;
    word = (word | word << 8) & 0x00ff'00ff'00ff'00ff;
    word = (word | word << 4) & 0x0f0f'0f0f'0f0f'0f0f;
    const std::uint64_t letters = (word + 6 * ones) >> 4 & ones;
    return word + '0' * ones + letters * ('a' - '0' - 10);
}

void put_hex(std::uint64_t number, char* to) {
    for (const unsigned shift : {32U, 0U}) {
        // The first digit is the highest, and goes to the lowest address.
        std::uint64_t digits = hex_digits(static_cast<std::uint32_t>(number >> shift));
        if constexpr (std::endian::native == std::endian::little) digits = std::byteswap(digits);
        std::memcpy(to, &digits, sizeof digits);
        to += sizeof digits;
    }
}

}  // namespace

std::string_view RequestId::text(std::span<char, text_bytes> space) const {
    put_hex(high, space.data());
    put_hex(low, space.data() + text_bytes / 2);
    return {space.data(), space.size()};
}

RequestIdText::RequestIdText(std::string_view text)
    : size_(static_cast<std::uint8_t>(text.size())) {
    CHECK(text.size() <= bytes_.size());
    std::ranges::copy(text, bytes_.begin());
}

std::string_view request_id_in(const RequestHead& head) {
    std::string_view found;
    for (const Field& field : head.fields) {
        if (field.id != FieldId::x_request_id) continue;
        if (!found.empty() || field.value.size == 0) return {};
        if (field.value.size > RequestId::brought_bytes_max) return {};
        found = head.value(field);
    }
    return found;
}

}  // namespace ringway::http
