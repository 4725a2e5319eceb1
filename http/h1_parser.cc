#include "http/h1_parser.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "http/h1_fields.h"

namespace ringway::http {
namespace {

// Empty lines that some clients send behind a body (RFC 9112, 2.2). A few, so that skipping them
// again in every call costs nothing.
constexpr std::size_t empty_lines_max = 4;

bool has_grown_past(std::size_t seen, std::size_t size, std::size_t mark) {
    return seen < mark && size >= mark;
}

// True when a call before this one has seen most of the bytes and the new ones cannot end a head:
// then parsing waits. It is done again when a line ends the head or breaks the rule for line ends,
// when a limit is reached, and when the bytes have doubled, so that nonsense is noticed: all in all
// the work stays linear, a byte at a time too.
bool may_wait(ParseInput input, const HeadLimits& limits) {
    const std::string_view bytes = input.bytes;
    const std::size_t size = bytes.size();
    if (input.seen == 0 || input.seen > size) return false;
    if (std::bit_width(size) != std::bit_width(input.seen)) return false;
    const std::size_t line_max = std::size_t{limits.request_line_max} + 2 * empty_lines_max + 2;
    if (has_grown_past(input.seen, size, line_max)) return false;
    if (has_grown_past(input.seen, size, limits.header_bytes_max)) return false;
    if (has_grown_past(input.seen, size, head_bytes_addressable)) return false;
    for (std::size_t at = bytes.find('\n', input.seen); at != std::string_view::npos;
         at = bytes.find('\n', at + 1)) {
        const bool ends_a_field = at >= 2 && bytes[at - 1] == '\r' && bytes[at - 2] != '\n';
        if (!ends_a_field) return false;
    }
    return true;
}

Parse skip_empty_lines(HeadWindow& window) {
    for (std::size_t lines = 0; lines < empty_lines_max; ++lines) {
        if (window.at == window.end() || *window.at != '\r') return Parse::complete;
        const Parse line =
            window.expect_line_end(window.at, window.end(), Refusal::bad_line_ending);
        if (line != Parse::complete) return line;
    }
    return Parse::complete;
}

// Content-Length and Transfer-Encoding as far as both kinds of head read them alike.
Refusal settle_framing(const FieldFacts& facts, Head& head) {
    if (facts.has_transfer_encoding) {
        // RFC 9112, 6.1: HTTP/1.0 did not know it, so who sends it does not know what it does.
        if (head.minor_version == 0) return Refusal::bad_transfer_encoding;
        if (facts.has_content_length) return Refusal::length_and_encoding;
        head.framing = Framing::chunked;
    } else if (facts.has_content_length) {
        head.framing = Framing::length;
        head.content_length = facts.content_length;
    }
    return Refusal::none;
}

bool keeps_alive(const FieldFacts& facts, const Head& head) {
    if (facts.says_close) return false;
    return head.minor_version == 1 || facts.says_keep_alive;
}

Parse conclude_request(HeadWindow& window, const FieldFacts& facts, RequestHead& head) {
    const Refusal refusal = settle_framing(facts, head);
    if (refusal != Refusal::none) return window.refuse(refusal);
    if (!facts.has_host && head.minor_version == 1) return window.refuse(Refusal::bad_host);
    // The authority of an absolute target goes before Host (RFC 9112, 3.2.2).
    if (head.host.size == 0) head.host = facts.host;
    head.keep_alive = keeps_alive(facts, head);
    // RFC 9110, 10.1.1: not for HTTP/1.0, nor where no content follows.
    const bool has_body = head.framing == Framing::chunked || head.content_length > 0;
    head.expects_continue = facts.has_expectation && head.minor_version == 1 && has_body;
    return Parse::complete;
}

// RFC 9112, 6.3.
Parse conclude_response(HeadWindow& window, Method request, const FieldFacts& facts,
                        ResponseHead& head) {
    const Refusal refusal = settle_framing(facts, head);
    if (refusal != Refusal::none) return window.refuse(refusal);
    head.keep_alive = keeps_alive(facts, head);
    const bool is_bodiless = head.is_interim() || head.status == 204;
    if (is_bodiless && (head.framing == Framing::chunked || head.content_length > 0)) {
        // RFC 9110, 8.6, and 9112, 6.1 forbid it. Some send the body too: the connection ends.
        head.keep_alive = false;
    }
    if (is_bodiless || head.status == 304 || request == Method::head) {
        head.framing = Framing::none;
        head.content_length = 0;
    } else if (head.framing == Framing::none) {
        head.framing = Framing::until_close;
        head.keep_alive = false;
    }
    return Parse::complete;
}

}  // namespace

Parse parse_request_head(ParseInput input, const HeadLimits& limits, FieldTable& table,
                         RequestHead& head, Refusal& refusal) noexcept {
    refusal = Refusal::none;
    if (may_wait(input, limits)) return Parse::incomplete;
    HeadWindow window(input.bytes, limits);
    FieldFacts facts;
    head = RequestHead{};
    head.base = window.base();
    Parse step = skip_empty_lines(window);
    if (step == Parse::complete) step = parse_request_line(window, limits, head);
    if (step == Parse::complete) step = parse_fields(window, limits, table, head, facts);
    if (step == Parse::complete) step = conclude_request(window, facts, head);
    refusal = window.refusal();
    return step;
}

Parse parse_response_head(ParseInput input, const HeadLimits& limits, Method request,
                          FieldTable& table, ResponseHead& head, Refusal& refusal) noexcept {
    refusal = Refusal::none;
    if (may_wait(input, limits)) return Parse::incomplete;
    HeadWindow window(input.bytes, limits);
    FieldFacts facts;
    facts.is_request = false;
    head = ResponseHead{};
    head.base = window.base();
    Parse step = parse_status_line(window, head);
    if (step == Parse::complete) step = parse_fields(window, limits, table, head, facts);
    if (step == Parse::complete) step = conclude_response(window, request, facts, head);
    refusal = window.refusal();
    return step;
}

}  // namespace ringway::http
