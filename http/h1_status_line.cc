#include <algorithm>

#include "http/h1_fields.h"

namespace ringway::http {
namespace {

constexpr std::ptrdiff_t status_digits = 3;

// " 200": a space and three digits, the first of which is not 0.
Parse parse_status(HeadWindow& window, ResponseHead& head) {
    const char* const begin = window.at;
    const std::ptrdiff_t size = std::min(window.end() - begin, 1 + status_digits);
    unsigned status = 0;
    for (std::ptrdiff_t i = 0; i < size; ++i) {
        const char byte = begin[i];
        const bool is_legal = i == 0 ? byte == ' ' : is_digit(byte) && (i > 1 || byte != '0');
        if (!is_legal) return window.refuse(Refusal::bad_status_line);
        if (i > 0) status = status * 10 + static_cast<unsigned>(byte - '0');
    }
    if (size <= status_digits) return window.run_out();
    head.status = static_cast<std::uint16_t>(status);
    window.at = begin + size;
    return Parse::complete;
}

}  // namespace

Parse parse_status_line(HeadWindow& window, ResponseHead& head) {
    Parse step = parse_version(window, window.end(), Refusal::bad_status_line, head.minor_version);
    if (step == Parse::complete) step = parse_status(window, head);
    if (step != Parse::complete) return step;

    // The space before an empty reason is due (RFC 9112, 4) and often forgotten: no harm in that.
    if (window.at != window.end() && *window.at == ' ') {
        const char* const reason = window.at + 1;
        window.at = ByteScan::end_of_field_text(reason, window.end());
        head.reason = window.slice(reason, window.at);
    }
    return window.expect_line_end(window.at, window.end(), Refusal::bad_status_line);
}

}  // namespace ringway::http
