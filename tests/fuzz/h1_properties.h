// What must hold of any HTTP/1 head, whoever made up its bytes: the properties that the h1 fuzz
// targets state with CHECK. The parser is compared with itself on the same bytes cut differently,
// and with a reading of the head that is too simple to be wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/check.h"
#include "http/byte_class.h"
#include "http/field_text.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"

namespace ringway::fuzz {

// Small limits, so that a fuzzer reaches them.
inline constexpr http::HeadLimits small_limits = {
    .request_line_max = 200, .header_bytes_max = 1'000, .header_count_max = 12};

inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class AnyHead>
struct Outcome {
    http::Parse result = http::Parse::incomplete;
    http::Refusal refusal = http::Refusal::none;
    AnyHead head;
};

template <class AnyHead>
Outcome<AnyHead> parse(http::ParseInput input, const http::HeadLimits& limits,
                       http::FieldTable& table) {
    Outcome<AnyHead> outcome;
    if constexpr (requires { outcome.head.method; }) {
        outcome.result =
            http::parse_request_head(input, limits, table, outcome.head, outcome.refusal);
    } else {
        outcome.result = http::parse_response_head(input, limits, http::Method::get, table,
                                                   outcome.head, outcome.refusal);
    }
    CHECK((outcome.result == http::Parse::refused) == (outcome.refusal != http::Refusal::none));
    return outcome;
}

// Line by line and at the first colon.
inline void check_against_simple_reading(const http::Head& head) {
    std::string_view rest(head.base, head.bytes);
    CHECK(rest.ends_with("\r\n\r\n"));
    rest.remove_suffix(2);
    while (rest.starts_with("\r\n")) rest.remove_prefix(2);
    rest.remove_prefix(rest.find("\r\n") + 2);
    for (const http::Field& field : head.fields) {
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        const std::size_t colon = line.find(':');
        CHECK(line.substr(0, colon) == head.name(field));
        CHECK(http::trim_white_space(line.substr(colon + 1)) == head.value(field));
        CHECK(std::ranges::all_of(
            head.name(field), [](char byte) { return http::is_in(http::ByteClass::token, byte); }));
        CHECK(std::ranges::all_of(head.value(field), [](char byte) {
            return http::is_in(http::ByteClass::field_text, byte);
        }));
        rest.remove_prefix(line.size() + 2);
    }
    CHECK(rest.empty());
}

inline std::size_t count_of(const http::Head& head, http::FieldId id) {
    return static_cast<std::size_t>(std::ranges::count(head.fields, id, &http::Field::id));
}

inline void check_framing(const http::Head& head) {
    CHECK(count_of(head, http::FieldId::content_length) <= 1);
    CHECK(count_of(head, http::FieldId::transfer_encoding) <= 1);
    CHECK(count_of(head, http::FieldId::content_length) +
              count_of(head, http::FieldId::transfer_encoding) <=
          1);
    if (head.framing == http::Framing::chunked) {
        CHECK(head.find(http::FieldId::transfer_encoding) != nullptr && head.minor_version == 1);
    }
    if (head.framing == http::Framing::length) {
        CHECK(head.find(http::FieldId::content_length) != nullptr);
    }
}

inline void check_same_fields(const http::Head& a, const http::Head& b) {
    CHECK(a.fields.size() == b.fields.size());
    for (std::size_t i = 0; i < a.fields.size(); ++i) {
        CHECK(a.name(a.fields[i]) == b.name(b.fields[i]));
        CHECK(a.value(a.fields[i]) == b.value(b.fields[i]));
        CHECK(a.fields[i].id == b.fields[i].id);
    }
}

// The same bytes, `step` more at each call. What never came to the end of a head, or to a bare LF,
// may wait; everything else gets the answer it got whole.
template <class AnyHead>
void check_same_in_steps(std::string_view bytes, std::size_t step, const http::HeadLimits& limits,
                         const Outcome<AnyHead>& whole) {
    http::FieldTable table;
    Outcome<AnyHead> stepped;
    for (std::size_t seen = 0; seen < bytes.size() && stepped.result == http::Parse::incomplete;) {
        const std::size_t shown = std::min(bytes.size(), seen + step);
        stepped = parse<AnyHead>({.bytes = bytes.substr(0, shown), .seen = seen}, limits, table);
        seen = shown;
    }
    std::string_view head = bytes;
    while (head.starts_with("\r\n")) head.remove_prefix(2);
    const bool may_wait = head.find("\r\n\r\n") == std::string_view::npos;
    if (may_wait && stepped.result == http::Parse::incomplete) {
        CHECK(whole.result != http::Parse::complete);
        return;
    }
    CHECK(stepped.result == whole.result && stepped.refusal == whole.refusal);
    if (whole.result != http::Parse::complete) return;
    CHECK(stepped.head.bytes == whole.head.bytes && stepped.head.framing == whole.head.framing);
    check_same_fields(stepped.head, whole.head);
}

// Writes with the edits into exactly the room that was asked for.
template <class AnyHead>
std::string write(const AnyHead& head, const http::HeadEdits& edits,
                  http::WriteOptions options = {}) {
    std::string space(http::written_size_max(head, edits), '#');
    if constexpr (requires { head.method; }) {
        space.resize(http::write_request_head(head, edits, options, space));
    } else {
        space.resize(http::write_response_head(head, edits, options, space));
    }
    return space;
}

template <class AnyHead>
void check_head(std::string_view bytes, const http::HeadLimits& limits) {
    http::FieldTable table;
    const Outcome<AnyHead> whole = parse<AnyHead>({.bytes = bytes}, limits, table);
    for (const std::size_t step : {std::size_t{1}, bytes.size() % 13 + 2, bytes.size() / 2 + 1}) {
        check_same_in_steps(bytes, step, limits, whole);
    }
    if (whole.result != http::Parse::complete) return;
    check_against_simple_reading(whole.head);
    check_framing(whole.head);

    // The written head may be longer than the limits by the rest of a version or a "/".
    const std::string written = write(whole.head, {});
    http::FieldTable table_again;
    const Outcome<AnyHead> again = parse<AnyHead>({.bytes = written}, {}, table_again);
    // What came as HTTP/1.0 may lack the Host that it needs as 1.1; forwarding adds it.
    if (whole.head.minor_version == 0 && again.refusal == http::Refusal::bad_host) return;
    CHECK(again.result == http::Parse::complete && again.head.bytes == written.size());
    check_same_fields(again.head, whole.head);
}

}  // namespace ringway::fuzz
