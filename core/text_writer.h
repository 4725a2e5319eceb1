// Text composed in memory that the caller brings, without allocation: for lines and small bodies on
// the request path. What does not fit is left out and `overflowed` says so; nothing is ever written
// behind the end. Strangers' bytes go through `json` or `log`, which leave nothing in a line that
// could end it or be taken for its syntax.
// Belongs to one function's stack; the text lives as long as the space.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ringway::core {

class TextWriter {
public:
    explicit TextWriter(std::span<char> space)
        : at_(space.data()), begin_(at_), end_(at_ + space.size()) {}

    void text(std::string_view text) {
        if (!has_room(text.size())) return;
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    void number(std::uint64_t number) {
        if (number < 10) return padded(number, 1);  // Most are.
        const auto [end, error] = std::to_chars(at_, end_, number);
        if (error != std::errc{}) {
            overflowed_ = true;
            return;
        }
        at_ = end;
    }
    // In `digits` digits, with zeros in front. REQUIRES: it has no more.
    void padded(std::uint64_t number, unsigned digits) {
        if (!has_room(digits)) return;
        for (unsigned i = digits; i > 0; i--, number /= 10) {
            at_[i - 1] = static_cast<char>('0' + number % 10);
        }
        at_ += digits;
    }
    // As the content of a JSON string. Bytes beyond ASCII are taken for Latin-1: what they are
    // cannot be known, and the line stays valid.
    void json(std::string_view raw);
    // Between quotes in a log line: as nginx does, \x and two hex digits.
    void log(std::string_view raw);

    std::string_view written() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }
    std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
    bool overflowed() const { return overflowed_; }

private:
    bool has_room(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at_) >= bytes) return true;
        overflowed_ = true;
        return false;
    }
    template <void (TextWriter::*Escape)(unsigned char)>
    void escaped(std::string_view raw);
    void escape_for_json(unsigned char byte);
    void escape_for_log(unsigned char byte);

    char* at_;
    char* begin_;
    char* end_;
    bool overflowed_ = false;
};

}  // namespace ringway::core
