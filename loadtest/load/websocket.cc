#include "loadtest/load/websocket.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/field_text.h"
#include "loadtest/body_pattern.h"

namespace ringway::loadtest {

namespace {

// The example of RFC 6455, 1.3: a key, and the digest that answers it.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::array<std::uint8_t, 4> mask{0x37, 0xfa, 0x21, 0x3d};
constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_16 = 126;
constexpr std::uint8_t length_64 = 127;

void append_big_endian(std::string& frame, std::uint64_t number, unsigned bytes) {
    while (bytes-- > 0) frame += static_cast<char>(number >> (8 * bytes));
}

std::string frame_head(Opcode opcode, std::uint64_t size) {
    std::string frame;
    frame += static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
    if (size < length_16) {
        frame += static_cast<char>(mask_bit | size);
    } else if (size <= 0xffff) {
        frame += static_cast<char>(mask_bit | length_16);
        append_big_endian(frame, size, 2);
    } else {
        frame += static_cast<char>(mask_bit | length_64);
        append_big_endian(frame, size, 8);
    }
    for (const std::uint8_t byte : mask) frame += static_cast<char>(byte);
    return frame;
}

char masked(std::byte byte, std::uint64_t at) {
    return static_cast<char>(static_cast<std::uint8_t>(byte) ^ mask[at % mask.size()]);
}

std::uint64_t read_big_endian(std::span<const std::uint8_t> bytes) {
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes) number = number << 8 | byte;
    return number;
}

std::string_view field_of(const http::ResponseHead& head, std::string_view name) {
    for (const http::Field& field : head.fields) {
        if (http::equals_ignoring_case(head.name(field), name)) return head.value(field);
    }
    return "";
}

}  // namespace

std::string write_handshake(const WebSocketPlace& place, std::span<const std::string> fields) {
    std::string text = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", place.target, place.host);
    for (const std::string& field : fields) text += field + "\r\n";
    return text + fmt::format(
                      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n\r\n",
                      key);
}

bool is_handshake_agreed(const http::ResponseHead& head) {
    return head.status == 101 && field_of(head, "sec-websocket-accept") == accepted;
}

std::string write_pattern_frame(std::uint64_t size) {
    std::string frame = frame_head(Opcode::binary, size);
    for (std::uint64_t at = 0; at < size; at++) frame += masked(pattern_piece(at, 1)[0], at);
    return frame;
}

std::string write_pong(std::string_view payload) {
    std::string frame = frame_head(Opcode::pong, payload.size());
    for (std::size_t at = 0; at < payload.size(); at++) {
        frame += masked(static_cast<std::byte>(payload[at]), at);
    }
    return frame;
}

// --- Reading ------------------------------------------------------------------------------------

FrameReader::Progress FrameReader::read(std::span<const std::byte> bytes) {
    Progress progress;
    if (!has_head_ && !take_head(bytes, progress)) return progress;
    const std::span<const std::byte> rest = bytes.subspan(progress.consumed);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
    const std::span<const std::byte> payload = rest.first(size);
    progress.consumed += size;
    left_ -= size;
    if (is_control()) {
        control_.append(reinterpret_cast<const char*>(payload.data()), payload.size());
    } else {
        progress.payload = payload;
    }
    if (left_ == 0) end_frame(progress);
    return progress;
}

std::size_t FrameReader::head_wanted() const {
    if (head_size_ < 2) return 2;
    return head_[1] == length_64 ? 10 : head_[1] == length_16 ? 4 : 2;
}

// True when the head is whole. A server's frames are not masked (5.1).
bool FrameReader::take_head(std::span<const std::byte> bytes, Progress& progress) {
    while (head_size_ < head_wanted() && progress.consumed < bytes.size()) {
        head_[head_size_++] = static_cast<std::uint8_t>(bytes[progress.consumed++]);
    }
    const std::size_t wanted = head_wanted();
    if (head_size_ < wanted) return false;
    opcode_ = static_cast<Opcode>(head_[0] & 0x0f);
    is_final_ = (head_[0] & final_bit) != 0;
    left_ = wanted == 2 ? head_[1] : read_big_endian(std::span{head_}.subspan(2, wanted - 2));
    const bool is_known =
        opcode_ <= Opcode::binary || (opcode_ >= Opcode::close && opcode_ <= Opcode::pong);
    const bool is_begun = opcode_ == Opcode::continuation;
    progress.is_malformed = !is_known || (head_[0] & 0x70) != 0 || (head_[1] & mask_bit) != 0 ||
                            (is_control() && (left_ > control_bytes_max || !is_final_)) ||
                            (!is_control() && is_begun != is_in_message_);
    has_head_ = true;
    if (is_control()) control_.clear();
    return !progress.is_malformed;
}

void FrameReader::end_frame(Progress& progress) {
    has_head_ = false;
    head_size_ = 0;
    progress.closes = opcode_ == Opcode::close;
    progress.ping_ended = opcode_ == Opcode::ping;
    if (is_control()) return;
    is_in_message_ = !is_final_;
    progress.message_ended = is_final_;
}

}  // namespace ringway::loadtest
