// A response head made once and sent many times. It is written as text and read back by the
// parser, so that a session sends it like any head that came from a backend.
// Owned by a Backend, made again when its settings change; the origin's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace ringway::loadtest {

struct AnswerShape {
    std::uint32_t status = 200;
    std::uint64_t length = 0;
    bool chunked = false;                       // Then `length` is not said.
    std::optional<std::uint32_t> backend = {};  // Whose number X-Backend tells.
    std::string_view content_type = "text/plain";
};

class Answer {
public:
    Answer() = default;
    explicit Answer(const AnswerShape& shape);
    Answer(Answer&&) = default;
    Answer& operator=(Answer&&) = default;

    const http::ResponseHead& head() const { return head_; }
    // As HTTP/1.1 sends it when the connection lives on.
    std::string_view text() const { return text_; }
    bool has_body() const { return has_body_; }

private:
    // Long enough never to lie inside the string object: the head points into it.
    std::string text_;
    std::vector<http::Field> fields_;
    http::ResponseHead head_;
    bool has_body_ = false;
};

}  // namespace ringway::loadtest
