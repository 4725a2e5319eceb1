#include "core/text_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ringway::core {
namespace {

std::string json(std::string_view raw) {
    std::array<char, 4'096> space;
    TextWriter writer{space};
    writer.json(raw);
    return std::string{writer.written()};
}

std::string log(std::string_view raw) {
    std::array<char, 4'096> space;
    TextWriter writer{space};
    writer.log(raw);
    return std::string{writer.written()};
}

TEST(TextWriter, WritesTextAndNumbersOneBehindTheOther) {
    std::array<char, 64> space;
    TextWriter writer{space};
    writer.text("a=");
    writer.number(0);
    writer.text(" b=");
    writer.number(18'446'744'073'709'551'615U);
    writer.text(" c=");
    writer.padded(7, 3);
    EXPECT_EQ(writer.written(), "a=0 b=18446744073709551615 c=007");
    EXPECT_EQ(writer.size(), writer.written().size());
    EXPECT_FALSE(writer.overflowed());
}

TEST(TextWriter, LeavesOutWhatDoesNotFitAndNeverWritesBehindItsEnd) {
    for (std::size_t size = 0; size < 24; size++) {
        std::array<char, 32> space;
        space.fill('#');
        TextWriter writer{std::span{space}.first(size)};
        writer.text("abcd");
        writer.number(123'456);
        writer.padded(1, 2);
        writer.json("a\"\x01");
        writer.log("\n");
        EXPECT_LE(writer.size(), size);
        EXPECT_TRUE(writer.overflowed());
        for (std::size_t i = size; i < space.size(); i++) EXPECT_EQ(space[i], '#') << size;
    }
}

TEST(TextWriter, KeepsPlainTextOfAnyLengthAsItIs) {
    std::string plain;
    for (char c = ' '; c < 0x7f; c++) {
        if (c != '"' && c != '\\') plain += c;
    }
    for (std::size_t size = 0; size <= plain.size(); size++) {
        EXPECT_EQ(json(plain.substr(0, size)), plain.substr(0, size));
        EXPECT_EQ(log(plain.substr(size)), plain.substr(size));
    }
}

// In a text of `size` bytes.
void expect_escaped_everywhere(char c, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    const std::string hex{digits[byte >> 4], digits[byte & 15]};
    for (std::size_t at = 0; at < size; at++) {
        std::string raw(size, 'x');
        raw[at] = c;
        const std::string before(at, 'x');
        const std::string after(size - 1 - at, 'x');
        const std::string in_json = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : "\\u00" + hex;
        EXPECT_EQ(json(raw), before + in_json + after) << int{byte};
        EXPECT_EQ(log(raw), before + "\\x" + hex + after) << int{byte};
    }
}

TEST(TextWriter, EscapesEveryOtherByteWhereverItStands) {
    for (unsigned byte = 0; byte < 256; byte++) {
        const char c = static_cast<char>(byte);
        const bool is_plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
        if (is_plain) continue;
        for (std::size_t size = 1; size <= 24; size++) expect_escaped_everywhere(c, size);
    }
}

}  // namespace
}  // namespace ringway::core
