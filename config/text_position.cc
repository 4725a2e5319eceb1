#include "config/text_position.h"

#include <algorithm>

namespace ringway::config {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_bare_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

}  // namespace

TextPosition::TextPosition(std::string_view text) : text_(text), line_starts_{0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
}

Position TextPosition::at(std::size_t offset) const {
    const auto after = std::ranges::upper_bound(line_starts_, offset);
    return {.line = static_cast<std::uint32_t>(after - line_starts_.begin()),
            .column = static_cast<std::uint32_t>(offset - *(after - 1) + 1)};
}

std::size_t TextPosition::key_before(std::size_t value_offset) const {
    std::size_t at = std::min(value_offset, text_.size());
    const auto skip_blanks = [&] {
        while (at > 0 && is_blank(text_[at - 1])) --at;
    };
    skip_blanks();
    if (at == 0 || text_[at - 1] != '=') return value_offset;
    --at;
    skip_blanks();
    if (at == 0) return value_offset;
    const char last = text_[at - 1];
    if (last == '"' || last == '\'') {
        const std::size_t open = at < 2 ? std::string_view::npos : text_.rfind(last, at - 2);
        return open == std::string_view::npos ? value_offset : open;
    }
    while (at > 0 && is_bare_key(text_[at - 1])) --at;
    return at;
}

}  // namespace ringway::config
