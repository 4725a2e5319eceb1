#include "http/access_line.h"

#include "core/check.h"
#include "http/field_text.h"
#include "http/request_id.h"

namespace ringway::http {

namespace {

using core::TextWriter;

// Of a client's text as much as helps; each byte becomes six at most.
constexpr std::size_t target_bytes_max = 1'024;
constexpr std::size_t text_bytes_max = 256;
constexpr std::size_t fixed_bytes_max = 1'024;
constexpr std::string_view cut_mark = "...";
static_assert(6 * (target_bytes_max + 5 * text_bytes_max + RequestId::brought_bytes_max) +
                  fixed_bytes_max <=
              access_line_bytes_max);

// What of a head is logged.
struct Told {
    std::string_view method;
    std::string_view target;
    std::string_view host;
    std::string_view referer;
    std::string_view user_agent;
    std::uint8_t minor_version = 1;
};

Told told_of(const RequestHead& head) {
    Told told{.method = head.at(head.method_text),
              .target = head.at(head.target),
              .host = head.at(head.host),
              .referer = {},
              .user_agent = {},
              .minor_version = head.minor_version};
    for (const Field& field : head.fields) {
        if (field.id != FieldId::other) continue;
        if (field.name.size == 10 && equals_ignoring_case(head.name(field), "user-agent")) {
            told.user_agent = head.value(field);
        } else if (field.name.size == 7 && equals_ignoring_case(head.name(field), "referer")) {
            told.referer = head.value(field);
        }
    }
    return told;
}

std::uint64_t microseconds(core::Duration duration) {
    const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

void write_cut(std::string_view text, std::size_t bytes_max, TextWriter& line) {
    line.json(text.substr(0, bytes_max));
    if (text.size() > bytes_max) line.text(cut_mark);
}

struct Pair {
    std::string_view key;
    std::uint64_t value;
};

void write_pair(Pair pair, TextWriter& line) {
    line.text(pair.key);
    line.number(pair.value);
}

void write_milliseconds(AccessMoment moment, TextWriter& line) {
    line.text(moment.wall_time.iso_second(moment.since_1970));
    line.text(".");
    const auto in_second =
        moment.since_1970 - std::chrono::floor<std::chrono::seconds>(moment.since_1970);
    line.padded(static_cast<std::uint64_t>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(in_second).count()),
                3);
    line.text("Z");
}

void write_json_request(const RequestHead& head, TextWriter& line) {
    const Told told = told_of(head);
    line.text(R"(","method":")");
    write_cut(told.method, text_bytes_max, line);
    line.text(R"(","host":")");
    write_cut(told.host, text_bytes_max, line);
    line.text(R"(","target":")");
    write_cut(told.target, target_bytes_max, line);
    line.text(told.minor_version == 0 ? R"(","version":"1.0","referer":")"
                                      : R"(","version":"1.1","referer":")");
    write_cut(told.referer, text_bytes_max, line);
    line.text(R"(","user_agent":")");
    write_cut(told.user_agent, text_bytes_max, line);
}

// A key brings along what stands between the value before it and its own: one copy instead of
// three.
void write_json(const ExchangeRecord& record, AccessMoment moment, TextWriter& line) {
    char client[core::PackedAddress::text_max];
    line.text(R"({"time":")");
    write_milliseconds(moment, line);
    line.text(R"(","client":")");
    line.text(record.client.host_text(client));
    line.text(R"(","request_id":")");
    write_cut(record.request_id, RequestId::brought_bytes_max, line);
    if (record.head != nullptr) {
        write_json_request(*record.head, line);
    } else {
        line.text(R"(","first_line":")");
        write_cut(record.first_line, target_bytes_max, line);
    }
    write_pair({R"(","status":)", record.status}, line);
    line.text(R"(,"reason":")");
    line.text(name_of(record.reason));
    write_pair({R"(","bytes_in":)", record.bytes_in}, line);
    write_pair({R"(,"bytes_out":)", record.bytes_out}, line);
    line.text(R"(,"backend":")");
    write_cut(record.backend, text_bytes_max, line);
    write_pair({R"(","attempts":)", record.attempts}, line);
    line.text(record.upstream_was_reused ? R"(,"upstream_reused":true)"
                                         : R"(,"upstream_reused":false)");
    write_pair({R"(,"connect_us":)", microseconds(record.connect)}, line);
    write_pair({R"(,"first_byte_us":)", microseconds(record.first_byte)}, line);
    write_pair({R"(,"total_us":)", microseconds(record.total)}, line);
    if (record.not_retried != NotRetried::none) {
        line.text(R"(,"not_retried":")");
        line.text(name_of(record.not_retried));
        line.text(R"(","failure":")");
        line.text(record.failure);
        line.text("\"");
    }
    line.text("}\n");
}

void write_quoted(std::string_view text, std::size_t bytes_max, TextWriter& line) {
    line.log(text.substr(0, bytes_max));
    if (text.size() > bytes_max) line.text(cut_mark);
}

void write_or_dash(std::string_view text, TextWriter& line) {
    line.text("\"");
    write_quoted(text.empty() ? "-" : text, text_bytes_max, line);
    line.text("\" ");
}

void write_request(const ExchangeRecord& record, const Told& told, TextWriter& line) {
    line.text("\"");
    if (record.head == nullptr) {
        write_quoted(record.first_line, target_bytes_max, line);
    } else {
        write_quoted(told.method, text_bytes_max, line);
        line.text(" ");
        write_quoted(told.target, target_bytes_max, line);
        line.text(told.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1");
    }
    line.text("\" ");
}

void write_text(const ExchangeRecord& record, AccessMoment moment, TextWriter& line) {
    char client[core::PackedAddress::text_max];
    const Told told = record.head == nullptr ? Told{} : told_of(*record.head);
    line.text(record.client.host_text(client));
    line.text(" - - [");
    line.text(moment.wall_time.log_date(moment.since_1970));
    line.text("] ");
    write_request(record, told, line);
    line.number(record.status);
    write_pair({" ", record.bytes_out}, line);
    line.text(" ");
    write_or_dash(told.referer, line);
    write_or_dash(told.user_agent, line);
    line.text("reason=");
    line.text(name_of(record.reason));
    line.text(" id=\"");
    write_quoted(record.request_id, RequestId::brought_bytes_max, line);
    line.text("\" host=\"");
    write_quoted(told.host, text_bytes_max, line);
    line.text("\" backend=");
    write_quoted(record.backend.empty() ? "-" : record.backend, text_bytes_max, line);
    write_pair({" attempts=", record.attempts}, line);
    line.text(record.upstream_was_reused ? " reused=true" : " reused=false");
    write_pair({" bytes_in=", record.bytes_in}, line);
    write_pair({" connect_us=", microseconds(record.connect)}, line);
    write_pair({" first_byte_us=", microseconds(record.first_byte)}, line);
    write_pair({" total_us=", microseconds(record.total)}, line);
    if (record.not_retried != NotRetried::none) {
        line.text(" not_retried=");
        line.text(name_of(record.not_retried));
        line.text(" failure=\"");
        line.text(record.failure);
        line.text("\"");
    }
    line.text("\n");
}

}  // namespace

void write_access_line(AccessFormat format, const ExchangeRecord& record, AccessMoment moment,
                       TextWriter& line) {
    switch (format) {
        case AccessFormat::text:
            write_text(record, moment, line);
            break;
        case AccessFormat::json:
            write_json(record, moment, line);
            break;
    }
    CHECK(!line.overflowed());
}

}  // namespace ringway::http
