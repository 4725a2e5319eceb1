#include "http/h1_fields.h"

#include <algorithm>

#include "http/field_text.h"

namespace ringway::http {
namespace {

// RFC 9110, 8.6: digits and nothing else. More than 2^63-1 is refused because others would read it
// as negative.
bool read_content_length(std::string_view text, std::uint64_t& length) {
    constexpr std::size_t digits_max = 19;
    if (text.empty() || text.size() > digits_max) return false;
    length = 0;
    for (const char byte : text) {
        if (!is_digit(byte)) return false;
        length = length * 10 + static_cast<std::uint64_t>(byte - '0');
    }
    return length <= static_cast<std::uint64_t>(INT64_MAX);
}

Refusal note_connection(FieldFacts& facts, std::string_view value) {
    for (ListReader options(value); options.next();) {
        if (++facts.connection_options > connection_options_max) return Refusal::bad_field_value;
        facts.says_close |= equals_ignoring_case(options.element(), "close");
        facts.says_keep_alive |= equals_ignoring_case(options.element(), "keep-alive");
    }
    return Refusal::none;
}

// A second field of these is refused even when both agree: who comes after us may not check.
Refusal note_length(FieldFacts& facts, std::string_view value) {
    if (facts.has_content_length) return Refusal::bad_content_length;
    facts.has_content_length = true;
    return read_content_length(value, facts.content_length) ? Refusal::none
                                                            : Refusal::bad_content_length;
}

Refusal note_encoding(FieldFacts& facts, std::string_view value) {
    if (facts.has_transfer_encoding) return Refusal::bad_transfer_encoding;
    facts.has_transfer_encoding = true;
    return equals_ignoring_case(value, "chunked") ? Refusal::none : Refusal::bad_transfer_encoding;
}

Refusal note_host(FieldFacts& facts, const Field& field, std::string_view value) {
    if (!facts.is_request) return Refusal::none;
    if (facts.has_host || !is_authority(value)) return Refusal::bad_host;
    facts.has_host = true;
    facts.host = field.value;
    return Refusal::none;
}

Refusal note_expectation(FieldFacts& facts, std::string_view value) {
    if (!facts.is_request) return Refusal::none;
    facts.has_expectation = true;
    return equals_ignoring_case(value, "100-continue") ? Refusal::none : Refusal::bad_expectation;
}

// The byte where a field name ended is not the ':' behind a name: says why.
Refusal judge_name(const char* line, const char* name_end) {
    if (name_end != line) return Refusal::bad_field_name;
    if (is_white_space(*line)) return Refusal::obs_fold;
    return *line == '\n' ? Refusal::bad_line_ending : Refusal::bad_field_name;
}

}  // namespace

HeadWindow::HeadWindow(std::string_view bytes, const HeadLimits& limits)
    : at(bytes.data()), base_(bytes.data()) {
    const std::size_t bytes_max = std::min(limits.header_bytes_max, head_bytes_addressable);
    end_ = base_ + std::min(bytes.size(), bytes_max);
    is_full_ = bytes.size() >= bytes_max;
}

Parse HeadWindow::judge_line_end(const char* text_end, const char* end, Refusal otherwise) {
    if (text_end == end) return run_out();
    if (*text_end == '\n') return refuse(Refusal::bad_line_ending);
    if (*text_end != '\r') return refuse(otherwise);
    return end - text_end == 1 ? run_out() : refuse(Refusal::bad_line_ending);
}

Refusal FieldFacts::note(const Field& field, std::string_view value) {
    switch (field.id) {
        case FieldId::connection:
            return note_connection(*this, value);
        case FieldId::content_length:
            return note_length(*this, value);
        case FieldId::transfer_encoding:
            return note_encoding(*this, value);
        case FieldId::host:
            return note_host(*this, field, value);
        case FieldId::expect:
            return note_expectation(*this, value);
        case FieldId::other:
        case FieldId::date:
        case FieldId::forwarded:
        case FieldId::keep_alive:
        case FieldId::proxy_authenticate:
        case FieldId::proxy_authorization:
        case FieldId::proxy_connection:
        case FieldId::te:
        case FieldId::trailer:
        case FieldId::upgrade:
        case FieldId::via:
        case FieldId::x_forwarded_for:
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_port:
        case FieldId::x_forwarded_proto:
        case FieldId::x_real_ip:
        case FieldId::x_request_id:
            break;
    }
    return Refusal::none;
}

Parse parse_fields(HeadWindow& window, const HeadLimits& limits, FieldTable& table, Head& head,
                   FieldFacts& facts) {
    const std::size_t count_max =
        std::min<std::size_t>(limits.header_count_max, HeadEdits::fields_max);
    const char* const end = window.end();
    const char* at = window.at;
    std::size_t count = 0;
    while (at != end && *at != '\r') {
        const char* const name = at;
        at = ByteScan::end_of_token(at, end);
        if (at == end) return window.run_out();
        if (*at != ':' || at == name) return window.refuse(judge_name(name, at));
        const char* const name_end = at++;

        while (at != end && is_white_space(*at)) ++at;
        const char* const value = at;
        at = ByteScan::end_of_field_text(at, end);
        const char* value_end = at;
        const Parse line = window.expect_line_end(at, end, Refusal::bad_field_value);
        if (line != Parse::complete) return line;
        while (value_end != value && is_white_space(value_end[-1])) --value_end;

        if (count == count_max) return window.refuse(Refusal::header_count_over_limit);
        Field& field = table.fields[count++];
        field.name = window.slice(name, name_end);
        field.value = window.slice(value, value_end);
        field.id = field_id_of({name, name_end});
        if (field.id == FieldId::other) continue;
        const Refusal refusal = facts.note(field, {value, value_end});
        if (refusal != Refusal::none) return window.refuse(refusal);
    }
    const Parse last = window.expect_line_end(at, end, Refusal::bad_field_name);
    if (last != Parse::complete) return last;
    window.at = at;
    head.fields = {table.fields, count};
    head.bytes = static_cast<std::uint32_t>(at - window.base());
    return Parse::complete;
}

Parse parse_version(HeadWindow& window, const char* end, Refusal malformed,
                    std::uint8_t& minor_version) {
    constexpr std::string_view known = "HTTP/1.1";
    const std::string_view text(window.at,
                                std::min(known.size(), static_cast<std::size_t>(end - window.at)));
    if (text != known) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool is_number = i == 5 || i == 7;
            if (is_number ? !is_digit(text[i]) : text[i] != known[i])
                return window.refuse(malformed);
        }
        if (text.size() < known.size()) return window.run_out();
        if (text[5] != '1') return window.refuse(Refusal::bad_version);
    }
    window.at += known.size();
    minor_version = text[7] == '0' ? 0 : 1;
    return Parse::complete;
}

}  // namespace ringway::http
