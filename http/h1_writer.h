// Heads as HTTP/1.1 bytes: the fields that came, in their order and spelling, less those an edit
// drops, plus those it adds, plus the framing of this connection. Sans-I/O.
// Whole lines are copied, so a head must lie in its bytes as lines do: as the parser read it, or
// made that way. Requests leave in origin form: a backend is not asked as a proxy would be. What is
// written has version 1.1, whatever came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/message.h"

namespace ringway::http {

enum class ConnectionField : std::uint8_t { none, close, keep_alive };

struct WriteOptions {
    Framing framing = Framing::none;  // chunked adds Transfer-Encoding; length is a field already.
    ConnectionField connection = ConnectionField::none;
};

// An upper bound of what writing takes, so that the caller can bring the room.
std::size_t written_size_max(const Head& head, const HeadEdits& edits);

// Returns the bytes written. REQUIRES: space is at least written_size_max.
// Transfer-Encoding, Connection and Keep-Alive fields that came are the edit's to drop; so is the
// Host field when the target came in absolute form (forwarding.h does all that).
std::size_t write_request_head(const RequestHead& head, const HeadEdits& edits,
                               WriteOptions options, std::span<char> space);
std::size_t write_response_head(const ResponseHead& head, const HeadEdits& edits,
                                WriteOptions options, std::span<char> space);

}  // namespace ringway::http
