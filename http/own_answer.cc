#include "http/own_answer.h"

#include <fmt/format.h>

#include <array>

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

}  // namespace

core::Buffer write_own_answer(Context& context, const Reply& answer, ConnectionField connection) {
    std::array<char, 512> space;
    const std::uint16_t status = answer.status();
    const std::string_view reason = name_of(answer.reason);
    const std::string_view phrase = phrase_of(status);
    // "502 Bad Gateway: upstream_refused" and a line end.
    const std::size_t body = 3 + 1 + phrase.size() + 2 + reason.size() + 1;
    const auto written =
        fmt::format_to_n(space.data(), space.size(),
                         "HTTP/1.1 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
                         "X-Ringway-Reason: {}\r\n{}\r\n",
                         status, phrase, body, reason, line_of(connection));
    CHECK(written.size <= space.size());
    core::Buffer bytes = context.take_buffer(written.size + body);
    if (!bytes) return bytes;
    bytes.append(std::as_bytes(std::span{space.data(), written.size}));
    if (!answer.has_body) return bytes;
    const auto text =
        fmt::format_to_n(space.data(), space.size(), "{} {}: {}\n", status, phrase, reason);
    CHECK(text.size == body);
    bytes.append(std::as_bytes(std::span{space.data(), text.size}));
    return bytes;
}

}  // namespace ringway::http
