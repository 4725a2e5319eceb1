#include "loadtest/origin/answer.h"

#include <fmt/format.h>

#include <iterator>
#include <memory>

#include "core/check.h"
#include "http/h1_parser.h"
#include "http/own_answer.h"

namespace ringway::loadtest {

namespace {

std::string_view phrase_of(std::uint32_t status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
    }
    return http::phrase_of(static_cast<std::uint16_t>(status));
}

std::string write_head(const AnswerShape& shape, bool has_body) {
    std::string text = fmt::format("HTTP/1.1 {} {}\r\nServer: ringway-origin\r\n", shape.status,
                                   phrase_of(shape.status));
    auto end = std::back_inserter(text);
    if (shape.backend) fmt::format_to(end, "X-Backend: {}\r\n", *shape.backend);
    if (has_body) fmt::format_to(end, "Content-Type: {}\r\n", shape.content_type);
    if (has_body && !shape.chunked) fmt::format_to(end, "Content-Length: {}\r\n", shape.length);
    return text + "\r\n";
}

}  // namespace

Answer::Answer(const AnswerShape& shape)
    : has_body_(shape.status >= 200 && shape.status != 204 && shape.status != 304) {
    text_ = write_head(shape, has_body_);
    const auto table = std::make_unique<http::FieldTable>();
    http::Refusal refusal = http::Refusal::none;
    const http::Parse parsed =
        http::parse_response_head({.bytes = text_}, {}, http::Method::get, *table, head_, refusal);
    CHECK(parsed == http::Parse::complete);
    fields_.assign(head_.fields.begin(), head_.fields.end());
    head_.fields = fields_;
    // Without a length the parser took it to last until the connection ends.
    if (shape.chunked && has_body_) head_.framing = http::Framing::chunked;
}

}  // namespace ringway::loadtest
