// Where a body ends. A BodyReader is told the framing from the head and then shown the bytes as
// they arrive; it says how many belong to the body and, for chunked bodies, squeezes the framing
// out in place, so that what follows handles plain bytes only. It is strict where leniency would
// let two parties disagree about the end (RFC 9112, 7.1), and every length has a limit.
// Lives inside a session; 32 bytes. After a refusal the connection is beyond use, and so is this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/h1_parser.h"
#include "http/message.h"

namespace ringway::http {

struct BodyLimits {
    // Of one chunk. All extensions of a body together may be sixteen times that longer than what
    // the chunks bring: one byte a chunk behind a long extension is an attack, not a body.
    std::uint32_t chunk_extension_bytes_max = 256;
    std::uint32_t trailer_bytes_max = 8'192;
};

class BodyReader {
public:
    struct Progress {
        std::size_t consumed = 0;  // Bytes of the input that belonged to the body or its framing.
        std::size_t body = 0;      // Body bytes, now at the start of the input.
        bool ended = false;        // The body is whole; what was not consumed comes after it.
        // Of the input, behind the body bytes: what came of the lines of trailer fields. In the
        // end they are whole lines, each with its CRLF, without the empty one.
        std::span<std::byte> trailers = {};
        Refusal refusal = Refusal::none;
    };

    BodyReader() = default;
    BodyReader(Framing framing, std::uint64_t content_length, BodyLimits limits = {});

    // Looks at the next bytes. Chunked framing is removed in place: the body bytes among the
    // consumed ones are moved to the front. Call with an empty span to ask whether it has ended.
    Progress read(std::span<std::byte> bytes) noexcept;
    // The stream ended. True when the body was whole (always so for until_close).
    bool on_stream_end() noexcept;
    bool has_ended() const { return state_ == State::ended; }
    // The next `bytes` are the body's for certain, and not of what comes behind it.
    bool goes_on_for(std::uint64_t bytes) const {
        return state_ == State::until_close ||
               ((state_ == State::length || state_ == State::chunk_data) && left_ >= bytes);
    }
    Framing framing() const { return framing_; }

private:
    enum class State : std::uint8_t {
        ended,
        length,
        until_close,
        chunk_size,
        chunk_extension,
        chunk_size_lf,
        chunk_data,
        chunk_data_cr,
        chunk_data_lf,
        trailer_start,
        trailer_name,
        trailer_line,  // Its value.
        trailer_lf,
        last_lf,
    };

    Progress read_chunked(std::span<std::byte> bytes) noexcept;
    void take_data(std::span<std::byte> bytes, Progress& progress) noexcept;
    // Whether the byte that led here from `before` is of a trailer field.
    bool is_in_trailer(State before) const;
    // One byte of chunked framing.
    Refusal step(char byte) noexcept;
    Refusal on_size(char byte) noexcept;
    Refusal on_extension(char byte) noexcept;
    Refusal on_size_end(char byte) noexcept;
    Refusal on_trailer(char byte) noexcept;

    Framing framing_ = Framing::none;
    State state_ = State::ended;
    std::uint8_t size_digits_ = 0;
    std::uint64_t left_ = 0;              // Of the body, or of the chunk.
    std::uint32_t section_bytes_ = 0;     // Of this chunk's extension, or of the trailers.
    std::uint32_t extensions_ahead_ = 0;  // Bytes by which extensions outweigh their chunks.
    BodyLimits limits_;
};

// Writes "<size in hex>CRLF" for a chunk of `size` bytes into `space`; returns the length.
inline constexpr std::size_t chunk_head_bytes_max = 18;
std::size_t write_chunk_head(std::uint64_t size, std::span<char, chunk_head_bytes_max> space);

}  // namespace ringway::http
