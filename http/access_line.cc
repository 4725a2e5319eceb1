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

class JsonLine {
public:
    explicit JsonLine(TextWriter& line) : line_(line) { line_.text("{"); }

    // REQUIRES: `key` with its quotes and colon, `text` plain.
    void plain(std::string_view key, std::string_view text) {
        begin(key);
        line_.text("\"");
        line_.text(text);
        line_.text("\"");
    }
    void strange(std::string_view key, std::string_view text, std::size_t bytes_max) {
        begin(key);
        line_.text("\"");
        line_.json(text.substr(0, bytes_max));
        line_.text(text.size() > bytes_max ? "...\"" : "\"");
    }
    void number(std::string_view key, std::uint64_t number) {
        begin(key);
        line_.number(number);
    }
    void truth(std::string_view key, bool truth) {
        begin(key);
        line_.text(truth ? "true" : "false");
    }
    void end() { line_.text("}\n"); }

private:
    void begin(std::string_view key) {
        if (!is_first_) line_.text(",");
        is_first_ = false;
        line_.text(key);
    }

    TextWriter& line_;
    bool is_first_ = true;
};

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

void write_json(const ExchangeRecord& record, AccessMoment moment, TextWriter& line) {
    char client[core::PackedAddress::text_max];
    char time_space[32];
    TextWriter time{time_space};
    write_milliseconds(moment, time);
    JsonLine json{line};
    json.plain("\"time\":", time.written());
    json.plain("\"client\":", record.client.host_text(client));
    json.strange("\"request_id\":", record.request_id, RequestId::brought_bytes_max);
    if (record.head != nullptr) {
        const Told told = told_of(*record.head);
        json.strange("\"method\":", told.method, text_bytes_max);
        json.strange("\"host\":", told.host, text_bytes_max);
        json.strange("\"target\":", told.target, target_bytes_max);
        json.plain("\"version\":", told.minor_version == 0 ? "1.0" : "1.1");
        json.strange("\"referer\":", told.referer, text_bytes_max);
        json.strange("\"user_agent\":", told.user_agent, text_bytes_max);
    } else {
        json.strange("\"first_line\":", record.first_line, target_bytes_max);
    }
    json.number("\"status\":", record.status);
    json.plain("\"reason\":", name_of(record.reason));
    json.number("\"bytes_in\":", record.bytes_in);
    json.number("\"bytes_out\":", record.bytes_out);
    json.strange("\"backend\":", record.backend, text_bytes_max);
    json.number("\"attempts\":", record.attempts);
    json.truth("\"upstream_reused\":", record.upstream_was_reused);
    json.number("\"connect_us\":", microseconds(record.connect));
    json.number("\"first_byte_us\":", microseconds(record.first_byte));
    json.number("\"total_us\":", microseconds(record.total));
    json.end();
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

struct Pair {
    std::string_view key;
    std::uint64_t value;
};

void write_pair(Pair pair, TextWriter& line) {
    line.text(pair.key);
    line.number(pair.value);
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
