#include "config/text_check.h"

#include <algorithm>
#include <cstdint>

namespace ringway::config {
namespace {

// The offset just after the string, or comment, that begins at `begin`.
std::size_t skip_string(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    const std::string_view triple = quote == '"' ? R"(""")" : "'''";
    const bool multiline = text.substr(begin).starts_with(triple);
    const std::string_view end = multiline ? triple : triple.substr(0, 1);
    std::size_t at = begin + end.size();
    while (at < text.size() && !text.substr(at).starts_with(end)) {
        if (!multiline && text[at] == '\n') return at;
        at += quote == '"' && text[at] == '\\' ? 2 : 1;
    }
    return std::min(at + end.size(), text.size());
}

std::size_t skip_comment(std::string_view text, std::size_t begin) {
    return std::min(text.find('\n', begin), text.size());
}

// What the first byte of a UTF-8 sequence asks of the others (Unicode 15, table 3-7).
struct Sequence {
    std::size_t length = 0;  // 0: no sequence begins so.
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xbf;
};

Sequence sequence_of(unsigned char first) {
    if (first < 0x80) return {.length = 1};
    if (first >= 0xc2 && first <= 0xdf) return {.length = 2};
    if (first == 0xe0) return {.length = 3, .second_min = 0xa0};
    if (first == 0xed) return {.length = 3, .second_max = 0x9f};
    if (first >= 0xe1 && first <= 0xef) return {.length = 3};
    if (first == 0xf0) return {.length = 4, .second_min = 0x90};
    if (first >= 0xf1 && first <= 0xf3) return {.length = 4};
    if (first == 0xf4) return {.length = 4, .second_max = 0x8f};
    return {};
}

bool is_whole(std::string_view bytes, const Sequence& sequence) {
    if (sequence.length == 0 || bytes.size() < sequence.length) return false;
    for (std::size_t i = 1; i < sequence.length; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        const auto min = i == 1 ? sequence.second_min : 0x80;
        const auto max = i == 1 ? sequence.second_max : 0xbf;
        if (byte < min || byte > max) return false;
    }
    return true;
}

bool is_control(unsigned char c) {
    return c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r');
}

}  // namespace

std::size_t nesting_depth(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = skip_string(text, at);
            continue;
        }
        if (c == '#') {
            at = skip_comment(text, at);
            continue;
        }
        if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
        if ((c == ']' || c == '}') && depth > 0) --depth;
        ++at;
    }
    return deepest;
}

std::size_t first_bad_byte(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto first = static_cast<unsigned char>(text[at]);
        const Sequence sequence = sequence_of(first);
        if (is_control(first) || !is_whole(text.substr(at), sequence)) return at;
        at += sequence.length;
    }
    return std::string_view::npos;
}

std::size_t first_long_line(std::string_view text, std::size_t bytes_max) {
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end - begin > bytes_max) return begin;
        begin = end + 1;
    }
    return std::string_view::npos;
}

}  // namespace ringway::config
