// HTTP/1.x heads, parsed strictly (RFC 9112): what could be read in two ways is refused, because
// the backend might read it the other way. Sans-I/O and stateless: the caller keeps the bytes and
// calls again when more came; the result is the same however the bytes were cut.
// Input is hostile. Nothing is read past its end, work is linear in its length, and a head is
// accepted only whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/message.h"

namespace ringway::http {

struct HeadLimits {
    std::uint32_t request_line_max = 8'192;
    std::uint32_t header_bytes_max = 32'768;  // The whole head. At most head_bytes_addressable.
    std::uint32_t header_count_max = 128;     // At most HeadEdits::fields_max.
};

// Why a head was refused. The word is part of the contract: log, metrics and answers carry it.
enum class Refusal : std::uint8_t {
    none,
    bad_request_line,
    bad_status_line,
    bad_version,  // 505 in a request.
    bad_field_name,
    bad_field_value,
    bad_line_ending,  // A bare CR or LF.
    obs_fold,
    bad_host,  // Missing, doubled or malformed in HTTP/1.1.
    bad_content_length,
    length_and_encoding,  // Both Content-Length and Transfer-Encoding.
    bad_transfer_encoding,
    request_line_over_limit,  // 414.
    header_bytes_over_limit,  // 431.
    header_count_over_limit,  // 431.
    bad_chunk,
    chunk_over_limit,
    trailers_over_limit,
    bad_expectation,  // 417.
    method_refused,   // CONNECT and TRACE, 405.
    request_timeout,  // 408.
};

std::string_view name_of(Refusal refusal) noexcept;
// The status a client gets for it.
std::uint16_t status_of(Refusal refusal) noexcept;

enum class Parse : std::uint8_t { complete, incomplete, refused };

// The table that a parse fills; one per parser's user, reused. Heads point into it.
struct FieldTable {
    Field fields[HeadEdits::fields_max];
};

struct ParseInput {
    std::string_view bytes;  // From the first byte of the head on; more may follow the head.
    std::size_t seen = 0;    // How many of them an earlier, incomplete call already had.
};

// Empty lines before a request line are part of the head (`head.bytes` counts them).
Parse parse_request_head(ParseInput input, const HeadLimits& limits, FieldTable& table,
                         RequestHead& head, Refusal& refusal) noexcept;

// `request` decides the framing together with the head: HEAD has no body, nor have 1xx, 204, 304.
Parse parse_response_head(ParseInput input, const HeadLimits& limits, Method request,
                          FieldTable& table, ResponseHead& head, Refusal& refusal) noexcept;

}  // namespace ringway::http
