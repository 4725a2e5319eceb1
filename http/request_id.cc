#include "http/request_id.h"

#include <algorithm>

#include "core/check.h"

namespace ringway::http {

std::string_view RequestId::text(std::span<char, text_bytes> space) const {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < text_bytes; i++) {
        const std::uint64_t word = i < 16 ? high : low;
        space[i] = digits[word >> (60 - 4 * (i % 16)) & 0xf];
    }
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
