// A parse together with everything it fills, for tests: parse once, or feed the same bytes cut in
// pieces, as a session would. The bytes end on an unreadable page, in every piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "http/h1_parser.h"
#include "tests/support/guarded_bytes.h"

namespace ringway::http {

// How GoogleTest prints them.
inline void PrintTo(Refusal refusal, std::ostream* out) {
    *out << name_of(refusal);
}
inline void PrintTo(Parse parse, std::ostream* out) {
    switch (parse) {
        case Parse::complete:
            *out << "complete";
            break;
        case Parse::incomplete:
            *out << "incomplete";
            break;
        case Parse::refused:
            *out << "refused";
            break;
    }
}

}  // namespace ringway::http

namespace ringway::tests {

template <class AnyHead>
struct ParsedHead {
    http::Parse result = http::Parse::incomplete;
    http::Refusal refusal = http::Refusal::none;
    AnyHead head;

    // Takes the bytes as they stand now; `seen` as in ParseInput.
    void parse(std::string_view bytes, std::size_t seen, const http::HeadLimits& limits,
               http::Method request = http::Method::get) {
        guarded_ = std::make_unique<GuardedBytes>(bytes);
        const http::ParseInput input{guarded_->text(), seen};
        if constexpr (requires { head.method; }) {
            result = http::parse_request_head(input, limits, *table_, head, refusal);
        } else {
            result = http::parse_response_head(input, limits, request, *table_, head, refusal);
        }
    }

    std::string text(http::Slice slice) const { return std::string(head.at(slice)); }
    // "name=value" for every field.
    std::vector<std::string> fields() const {
        std::vector<std::string> all;
        for (const http::Field& field : head.fields) {
            all.push_back(text(field.name) + "=" + text(field.value));
        }
        return all;
    }

private:
    std::unique_ptr<GuardedBytes> guarded_;
    std::unique_ptr<http::FieldTable> table_ = std::make_unique<http::FieldTable>();
};

using ParsedRequest = ParsedHead<http::RequestHead>;
using ParsedResponse = ParsedHead<http::ResponseHead>;

inline ParsedRequest parse_request(std::string_view bytes, const http::HeadLimits& limits = {}) {
    ParsedRequest parsed;
    parsed.parse(bytes, 0, limits);
    return parsed;
}

inline ParsedResponse parse_response(std::string_view bytes,
                                     http::Method request = http::Method::get,
                                     const http::HeadLimits& limits = {}) {
    ParsedResponse parsed;
    parsed.parse(bytes, 0, limits, request);
    return parsed;
}

// Calls parse with the first `step` bytes, the first 2 * `step` …, until it is not incomplete or
// all bytes were shown.
template <class Parsed>
Parsed parse_in_steps(std::string_view bytes, std::size_t step, const http::HeadLimits& limits = {},
                      http::Method request = http::Method::get) {
    Parsed parsed;
    for (std::size_t seen = 0; seen < bytes.size() && parsed.result == http::Parse::incomplete;) {
        const std::size_t shown = std::min(bytes.size(), seen + step);
        parsed.parse(bytes.substr(0, shown), seen, limits, request);
        seen = shown;
    }
    return parsed;
}

// First `cut` bytes, then all.
template <class Parsed>
Parsed parse_cut(std::string_view bytes, std::size_t cut, const http::HeadLimits& limits = {},
                 http::Method request = http::Method::get) {
    Parsed parsed;
    parsed.parse(bytes.substr(0, cut), 0, limits, request);
    if (parsed.result == http::Parse::incomplete) parsed.parse(bytes, cut, limits, request);
    return parsed;
}

}  // namespace ringway::tests
