#include "core/text_writer.h"

namespace ringway::core {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
constexpr std::uint64_t highs = 0x8080'8080'8080'8080;

bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

// A bit set for every byte that is zero, perhaps for some behind one that is.
std::uint64_t zeros_in(std::uint64_t word) {
    return (word - ones) & ~word & highs;
}

// Whether all of eight bytes are plain: eight comparisons at once, most text being long and plain.
bool are_plain(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const std::uint64_t controls = (word - ones * 0x20) & ~word;
    const std::uint64_t unusual =
        zeros_in(word ^ ones * '"') | zeros_in(word ^ ones * '\\') | zeros_in(word ^ ones * 0x7f);
    return ((word | controls | unusual) & highs) == 0;
}

// The same of 4 to 7 bytes: their first four and their last four.
bool are_few_plain(std::string_view raw) {
    char eight[8];
    std::memcpy(eight, raw.data(), 4);
    std::memcpy(eight + 4, raw.data() + raw.size() - 4, 4);
    return are_plain(eight);
}

std::size_t plain_prefix(std::string_view raw) {
    // Most text is plain to its end: that is found out in words, the last of which overlaps.
    std::size_t size = 0;
    while (raw.size() - size >= 8 && are_plain(raw.data() + size)) size += 8;
    const std::size_t left = raw.size() - size;
    if (left >= 4 && left < 8 && are_few_plain(raw.substr(size))) return raw.size();
    if (size >= 8 && left < 4 && are_plain(raw.data() + raw.size() - 8)) return raw.size();
    while (size < raw.size() && is_plain(static_cast<unsigned char>(raw[size]))) size++;
    return size;
}

}  // namespace

template <void (TextWriter::*Escape)(unsigned char)>
void TextWriter::escaped(std::string_view raw) {
    while (!raw.empty() && !overflowed_) {
        const std::size_t plain = plain_prefix(raw);
        text(raw.substr(0, plain));
        if (plain == raw.size()) return;
        (this->*Escape)(static_cast<unsigned char>(raw[plain]));
        raw.remove_prefix(plain + 1);
    }
}

void TextWriter::escape_for_json(unsigned char byte) {
    if (byte == '"') return text("\\\"");
    if (byte == '\\') return text("\\\\");
    const char escape[] = {'\\', 'u', '0', '0', hex_digits[byte >> 4], hex_digits[byte & 15]};
    text({escape, sizeof escape});
}

void TextWriter::escape_for_log(unsigned char byte) {
    const char escape[] = {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 15]};
    text({escape, sizeof escape});
}

void TextWriter::json(std::string_view raw) {
    escaped<&TextWriter::escape_for_json>(raw);
}

void TextWriter::log(std::string_view raw) {
    escaped<&TextWriter::escape_for_log>(raw);
}

}  // namespace ringway::core
