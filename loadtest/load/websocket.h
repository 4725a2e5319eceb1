// What an echo over WebSocket (RFC 6455) takes on the client's side: the handshake, one masked
// message per request, and a reader of the frames that come back. Extensions are not offered; a
// message may come in fragments, with control frames between them.
// The mask and the key are the same for all: they protect browsers from caches, and here is
// neither. Pure functions and one small state per connection; no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace ringway::loadtest {

struct WebSocketPlace {
    std::string host;
    std::string target;
};
std::string write_handshake(const WebSocketPlace& place, std::span<const std::string> fields);
// 101, with the answer to the key of `write_handshake`.
bool is_handshake_agreed(const http::ResponseHead& head);

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

// A client's frame: `size` bytes of the pattern of bodies.
std::string write_pattern_frame(std::uint64_t size);
std::string write_pong(std::string_view payload);

class FrameReader {
public:
    struct Progress {
        std::size_t consumed = 0;
        std::span<const std::byte> payload = {};  // Of the message.
        bool message_ended = false;
        bool ping_ended = false;  // `control_payload` has to go back.
        bool closes = false;
        bool is_malformed = false;
    };

    // Looks at the next bytes; call again with what was not consumed.
    Progress read(std::span<const std::byte> bytes);
    std::string_view control_payload() const { return control_; }

private:
    static constexpr std::size_t head_bytes_max = 10;
    static constexpr std::size_t control_bytes_max = 125;

    std::size_t head_wanted() const;
    bool take_head(std::span<const std::byte> bytes, Progress& progress);
    void end_frame(Progress& progress);
    bool is_control() const { return opcode_ >= Opcode::close; }

    std::uint8_t head_[head_bytes_max]{};
    std::size_t head_size_ = 0;
    bool has_head_ = false;
    bool is_final_ = false;
    bool is_in_message_ = false;  // A fragment came, and its last has not.
    Opcode opcode_ = Opcode::binary;
    std::uint64_t left_ = 0;  // Of the frame's payload.
    std::string control_;
};

}  // namespace ringway::loadtest
