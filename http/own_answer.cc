#include "http/own_answer.h"

#include <array>

#include "core/text_writer.h"
#include "http/reason.h"

namespace ringway::http {

std::string_view phrase_of(std::uint16_t status) noexcept {
    switch (status) {
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 417:
            return "Expectation Failed";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
    }
    return "Error";
}

namespace {

std::string_view line_of(ConnectionField connection) {
    switch (connection) {
        case ConnectionField::none:
            return "";
        case ConnectionField::close:
            return "Connection: close\r\n";
        case ConnectionField::keep_alive:
            return "Connection: keep-alive\r\n";
    }
    return "";
}

// What RFC 9110, 15.5.6 asks for: CONNECT and TRACE are what is refused.
constexpr std::string_view allow_line = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n";
// A backend may be back, and memory free, within a second.
constexpr std::string_view retry_line = "Retry-After: 1\r\n";

struct Body {
    std::string_view content_type;
    std::string_view text;
};

// Each byte of an id may become six.
constexpr std::size_t made_body_bytes_max = 1'024;

Body body_of(const Context& context, const Reply& answer, core::TextWriter& space) {
    const std::uint16_t status = answer.status();
    if (answer.prefers_json) {
        space.text("{\"status\":");
        space.number(status);
        space.text(",\"reason\":\"");
        space.text(name_of(answer.reason));
        space.text("\",\"request_id\":\"");
        space.json(answer.request_id);
        space.text("\"}\n");
        return {.content_type = "application/json", .text = space.written()};
    }
    for (const ErrorPage& page : context.settings.error_pages) {
        if (page.status == status) return {.content_type = page.content_type, .text = page.text};
    }
    space.number(status);
    space.text(" ");
    space.text(phrase_of(status));
    space.text(": ");
    space.text(name_of(answer.reason));
    space.text("\n");
    return {.content_type = "text/plain", .text = space.written()};
}

void write_field(std::string_view name, std::string_view value, core::TextWriter& head) {
    head.text(name);
    head.text(": ");
    head.text(value);
    head.text("\r\n");
}

void write_head(Context& context, const Reply& answer, const Body& body, core::TextWriter& head) {
    const std::uint16_t status = answer.status();
    head.text("HTTP/1.1 ");
    head.number(status);
    head.text(" ");
    head.text(phrase_of(status));
    head.text("\r\n");
    write_field("Date", context.http_date(), head);
    write_field("Content-Type", body.content_type, head);
    head.text("Content-Length: ");
    head.number(body.text.size());
    head.text("\r\n");
    write_field("X-Ringway-Reason", name_of(answer.reason), head);
    if (!answer.request_id.empty()) write_field("X-Request-Id", answer.request_id, head);
    if (context.settings.forwarding.proxy_status) {
        head.text("Proxy-Status: ringway; error=");
        head.text(proxy_error_of(answer.reason));
        head.text("; details=\"");
        head.text(name_of(answer.reason));
        head.text("\"\r\n");
    }
    if (status == 405) head.text(allow_line);
    if (status == 503) head.text(retry_line);
}

}  // namespace

std::size_t own_body_bytes(const Context& context, const Reply& answer) {
    std::array<char, made_body_bytes_max> space;
    core::TextWriter writer{space};
    return answer.has_body ? body_of(context, answer, writer).text.size() : 0;
}

core::Buffer write_own_answer(Context& context, const Reply& answer, ConnectionField connection) {
    std::array<char, made_body_bytes_max> body_space;
    core::TextWriter body_writer{body_space};
    const Body body = body_of(context, answer, body_writer);
    std::array<char, 1'024> head_space;
    core::TextWriter head{head_space};
    write_head(context, answer, body, head);
    head.text(line_of(connection));
    head.text("\r\n");
    CHECK(!head.overflowed() && !body_writer.overflowed());
    const std::size_t size = head.size() + (answer.has_body ? body.text.size() : 0);
    core::Buffer bytes = context.take_buffer(size);
    if (!bytes) return bytes;
    bytes.append(std::as_bytes(std::span{head.written()}));
    if (answer.has_body) bytes.append(std::as_bytes(std::span{body.text}));
    return bytes;
}

}  // namespace ringway::http
