// What the parses of requests and of responses share: the window of bytes a head may occupy, and
// the field section. Part of h1_parser, not for others.
// A parse goes from left to right, and each refusal depends only on the bytes up to the one that
// gave the reason, never on where the input happens to end: so a head gets the same answer however
// it was cut. What runs out of bytes is incomplete, or over a limit when the window ends there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/byte_class.h"
#include "http/h1_parser.h"
#include "http/message.h"

namespace ringway::http {

// Options in all Connection fields of a head together. More is refused as bad_field_value: each is
// compared with each field when the head is forwarded.
inline constexpr std::uint8_t connection_options_max = 32;

class HeadWindow {
public:
    HeadWindow(std::string_view bytes, const HeadLimits& limits);

    const char* base() const { return base_; }
    const char* end() const { return end_; }
    // More bytes would not help: the head has used up its limit.
    bool is_full() const { return is_full_; }
    Refusal refusal() const { return refusal_; }

    Slice slice(const char* begin, const char* end) const {
        return {static_cast<std::uint16_t>(begin - base_), static_cast<std::uint16_t>(end - begin)};
    }
    Parse refuse(Refusal reason) {
        refusal_ = reason;
        return Parse::refused;
    }
    Parse run_out() {
        return is_full_ ? refuse(Refusal::header_bytes_over_limit) : Parse::incomplete;
    }
    // `text_end` is where a line's text ends: steps behind the CRLF there. Another byte is refused
    // for `otherwise`, a bare CR or LF for what it is.
    Parse expect_line_end(const char*& text_end, const char* end, Refusal otherwise) {
        if (end - text_end >= 2 && text_end[0] == '\r' && text_end[1] == '\n') {
            text_end += 2;
            return Parse::complete;
        }
        return judge_line_end(text_end, end, otherwise);
    }

    const char* at = nullptr;  // What comes next.

private:
    Parse judge_line_end(const char* text_end, const char* end, Refusal otherwise);

    const char* base_;
    const char* end_;
    bool is_full_;
    Refusal refusal_ = Refusal::none;
};

// What the fields say that framing and routing stand on.
struct FieldFacts {
    bool is_request = true;

    bool has_content_length = false;
    bool has_transfer_encoding = false;
    bool has_host = false;
    bool has_expectation = false;
    bool says_close = false;
    bool says_keep_alive = false;
    std::uint8_t connection_options = 0;
    std::uint64_t content_length = 0;
    Slice host;

    // Takes note of one field; `field.id` is not `other`.
    Refusal note(const Field& field, std::string_view value);
};

// Reads field lines up to and with the empty line; fills table, head.fields and head.bytes.
Parse parse_fields(HeadWindow& window, const HeadLimits& limits, FieldTable& table, Head& head,
                   FieldFacts& facts);

// Reads "HTTP/1.x" up to `end`, for request and status lines alike; x above 1 is read as 1. Another
// version is refused as that, anything else as `malformed`.
Parse parse_version(HeadWindow& window, const char* end, Refusal malformed,
                    std::uint8_t& minor_version);

// One per kind of head; the window stands at its first byte.
Parse parse_request_line(HeadWindow& window, const HeadLimits& limits, RequestHead& head);
Parse parse_status_line(HeadWindow& window, ResponseHead& head);

}  // namespace ringway::http
