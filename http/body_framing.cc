#include "http/body_framing.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "http/byte_class.h"

namespace ringway::http {
namespace {

// 2^63-1 has sixteen digits; more would only be leading zeros.
constexpr std::uint8_t size_digits_max = 16;
constexpr std::uint64_t extensions_ahead_factor = 16;

int hex_digit(char byte) {
    if (is_digit(byte)) return byte - '0';
    const char lower = static_cast<char>(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

BodyReader::BodyReader(Framing framing, std::uint64_t content_length, BodyLimits limits)
    : framing_(framing), limits_(limits) {
    switch (framing) {
        case Framing::none:
            break;
        case Framing::length:
            left_ = content_length;
            state_ = left_ == 0 ? State::ended : State::length;
            break;
        case Framing::chunked:
            state_ = State::chunk_size;
            break;
        case Framing::until_close:
            state_ = State::until_close;
            break;
    }
}

BodyReader::Progress BodyReader::read(std::span<std::byte> bytes) noexcept {
    Progress progress;
    switch (framing_) {
        case Framing::none:
            break;
        case Framing::length: {
            const auto taken =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            progress.consumed = progress.body = taken;
            left_ -= taken;
            if (left_ == 0) state_ = State::ended;
            break;
        }
        case Framing::until_close:
            if (state_ == State::until_close) progress.consumed = progress.body = bytes.size();
            break;
        case Framing::chunked:
            return read_chunked(bytes);
    }
    progress.ended = has_ended();
    return progress;
}

BodyReader::Progress BodyReader::read_chunked(std::span<std::byte> bytes) noexcept {
    Progress progress;
    while (progress.consumed < bytes.size() && state_ != State::ended) {
        if (state_ == State::chunk_data) {
            take_data(bytes, progress);
            continue;
        }
        // Bytes of framing are few; one at a time is how they may arrive anyway.
        const State before = state_;
        progress.refusal = step(static_cast<char>(bytes[progress.consumed]));
        if (progress.refusal != Refusal::none) break;
        if (is_in_trailer(before)) {
            const std::size_t size = progress.trailers.size();
            progress.trailers = bytes.subspan(progress.consumed - size, size + 1);
        }
        ++progress.consumed;
    }
    progress.ended = has_ended();
    return progress;
}

bool BodyReader::is_in_trailer(State before) const {
    return before == State::trailer_lf ||
           (state_ >= State::trailer_name && state_ <= State::trailer_lf);
}

void BodyReader::take_data(std::span<std::byte> bytes, Progress& progress) noexcept {
    const std::span<std::byte> rest = bytes.subspan(progress.consumed);
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
    if (progress.body != progress.consumed) {
        std::memmove(bytes.data() + progress.body, rest.data(), taken);
    }
    progress.consumed += taken;
    progress.body += taken;
    left_ -= taken;
    if (left_ == 0) state_ = State::chunk_data_cr;
}

Refusal BodyReader::step(char byte) noexcept {
    switch (state_) {
        case State::chunk_size:
            return on_size(byte);
        case State::chunk_extension:
            return on_extension(byte);
        case State::chunk_size_lf:
            return on_size_end(byte);
        case State::chunk_data_cr:
            if (byte != '\r') return Refusal::bad_chunk;
            state_ = State::chunk_data_lf;
            return Refusal::none;
        case State::chunk_data_lf:
            if (byte != '\n') return Refusal::bad_line_ending;
            state_ = State::chunk_size;
            return Refusal::none;
        case State::trailer_start:
        case State::trailer_name:
        case State::trailer_line:
        case State::trailer_lf:
        case State::last_lf:
            if (++section_bytes_ > limits_.trailer_bytes_max) return Refusal::trailers_over_limit;
            return on_trailer(byte);
        case State::ended:
        case State::length:
        case State::until_close:
        case State::chunk_data:
            break;
    }
    CHECK(false);
}

Refusal BodyReader::on_size(char byte) noexcept {
    const int digit = hex_digit(byte);
    if (digit >= 0) {
        if (size_digits_ == size_digits_max) return Refusal::chunk_over_limit;
        ++size_digits_;
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        return left_ > static_cast<std::uint64_t>(INT64_MAX) ? Refusal::chunk_over_limit
                                                             : Refusal::none;
    }
    if (size_digits_ == 0) return Refusal::bad_chunk;
    if (byte == '\r') {
        state_ = State::chunk_size_lf;
        return Refusal::none;
    }
    if (byte == '\n') return Refusal::bad_line_ending;
    if (byte != ';') return Refusal::bad_chunk;
    state_ = State::chunk_extension;
    return Refusal::none;
}

// What an extension says is nobody's business here (RFC 9112, 7.1.1), only where it ends.
Refusal BodyReader::on_extension(char byte) noexcept {
    if (byte == '\r') {
        state_ = State::chunk_size_lf;
        return Refusal::none;
    }
    if (byte == '\n') return Refusal::bad_line_ending;
    if (!is_in(ByteClass::field_text, byte)) return Refusal::bad_chunk;
    return ++section_bytes_ > limits_.chunk_extension_bytes_max ? Refusal::chunk_over_limit
                                                                : Refusal::none;
}

Refusal BodyReader::on_size_end(char byte) noexcept {
    if (byte != '\n') return Refusal::bad_line_ending;
    const std::uint64_t ahead = std::uint64_t{extensions_ahead_} + section_bytes_;
    extensions_ahead_ = static_cast<std::uint32_t>(ahead - std::min(ahead, left_));
    if (extensions_ahead_ > extensions_ahead_factor * limits_.chunk_extension_bytes_max) {
        return Refusal::chunk_over_limit;
    }
    section_bytes_ = 0;
    size_digits_ = 0;
    state_ = left_ == 0 ? State::trailer_start : State::chunk_data;
    return Refusal::none;
}

// Trailer fields are held to the rules of fields.
Refusal BodyReader::on_trailer(char byte) noexcept {
    switch (state_) {
        case State::trailer_start:
            if (byte == '\r') {
                state_ = State::last_lf;
                return Refusal::none;
            }
            if (byte == ' ' || byte == '\t') return Refusal::obs_fold;
            if (byte == '\n') return Refusal::bad_line_ending;
            state_ = State::trailer_name;
            return is_in(ByteClass::token, byte) ? Refusal::none : Refusal::bad_field_name;
        case State::trailer_name:
            if (byte == ':') {
                state_ = State::trailer_line;
                return Refusal::none;
            }
            return is_in(ByteClass::token, byte) ? Refusal::none : Refusal::bad_field_name;
        case State::trailer_line:
            if (byte == '\r') {
                state_ = State::trailer_lf;
                return Refusal::none;
            }
            if (byte == '\n') return Refusal::bad_line_ending;
            return is_in(ByteClass::field_text, byte) ? Refusal::none : Refusal::bad_field_value;
        case State::trailer_lf:
        case State::last_lf:
            if (byte != '\n') return Refusal::bad_line_ending;
            state_ = state_ == State::last_lf ? State::ended : State::trailer_start;
            return Refusal::none;
        case State::ended:
        case State::length:
        case State::until_close:
        case State::chunk_size:
        case State::chunk_extension:
        case State::chunk_size_lf:
        case State::chunk_data:
        case State::chunk_data_cr:
        case State::chunk_data_lf:
            break;
    }
    CHECK(false);
}

bool BodyReader::on_stream_end() noexcept {
    if (state_ == State::until_close) state_ = State::ended;
    return has_ended();
}

std::size_t write_chunk_head(std::uint64_t size, std::span<char, chunk_head_bytes_max> space) {
    std::size_t digits = 1;
    while (digits < 16 && size >> (4 * digits) != 0) ++digits;
    for (std::size_t i = digits; i-- > 0; size >>= 4) space[i] = "0123456789abcdef"[size & 15];
    space[digits] = '\r';
    space[digits + 1] = '\n';
    return digits + 2;
}

}  // namespace ringway::http
