#include <algorithm>
#include <cstring>

#include "http/field_text.h"
#include "http/h1_fields.h"

namespace ringway::http {
namespace {

Method method_of(std::string_view text) {
    switch (text.size()) {
        case 3:
            if (text == "GET") return Method::get;
            return text == "PUT" ? Method::put : Method::other;
        case 4:
            if (text == "POST") return Method::post;
            return text == "HEAD" ? Method::head : Method::other;
        case 5:
            if (text == "PATCH") return Method::patch;
            return text == "TRACE" ? Method::trace : Method::other;
        case 6:
            return text == "DELETE" ? Method::delete_ : Method::other;
        case 7:
            if (text == "OPTIONS") return Method::options;
            return text == "CONNECT" ? Method::connect : Method::other;
    }
    return Method::other;
}

// The length of "http://" or "https://" at the front of the target, 0 if there is neither.
std::size_t scheme_size(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
    }
    return 0;
}

// Which of the four forms (RFC 9112, 3.2) the target has; finds path and authority in it.
bool read_target(const HeadWindow& window, std::string_view target, RequestHead& head) {
    const char* const end = target.data() + target.size();
    const char* path = target.data();
    if (target == "*") {
        head.path = window.slice(end, end);
        return head.method == Method::options;
    }
    if (target[0] != '/') {
        const std::size_t scheme = scheme_size(target);
        if (scheme == 0) return false;
        path =
            std::find_if(target.data() + scheme, end, [](char c) { return c == '/' || c == '?'; });
        if (!is_authority({target.data() + scheme, path})) return false;
        head.host = window.slice(target.data() + scheme, path);
    }
    const void* const query = std::memchr(path, '?', static_cast<std::size_t>(end - path));
    head.path = window.slice(path, query == nullptr ? end : static_cast<const char*>(query));
    return true;
}

// The bytes a request line may occupy, and what it means to run out of them.
class LineEnd {
public:
    LineEnd(HeadWindow& window, std::size_t line_max) : window_(window) {
        const auto left = static_cast<std::size_t>(window.end() - window.at);
        is_line_limit_ = left >= line_max + 2;
        at_ = is_line_limit_ ? window.at + line_max + 2 : window.end();
    }
    const char* at() const { return at_; }
    // For what came of a step that may have run out: names the limit that was reached.
    Parse named(Parse step) {
        const bool ran_out =
            step == Parse::incomplete || window_.refusal() == Refusal::header_bytes_over_limit;
        return ran_out && is_line_limit_ ? window_.refuse(Refusal::request_line_over_limit) : step;
    }

private:
    HeadWindow& window_;
    const char* at_;
    bool is_line_limit_;
};

Parse parse_method(HeadWindow& window, const char* end, RequestHead& head) {
    const char* const method = window.at;
    const char* const at = PortableScan::end_of_token(method, end);
    if (at == end) return window.run_out();
    if (at == method && *at == '\n') return window.refuse(Refusal::bad_line_ending);
    if (at == method || *at != ' ') return window.refuse(Refusal::bad_request_line);
    head.method_text = window.slice(method, at);
    head.method = method_of({method, at});
    window.at = at + 1;
    return Parse::complete;
}

Parse parse_target(HeadWindow& window, const char* end, RequestHead& head) {
    const char* const target = window.at;
    const char* at = ByteScan::end_of_target(target, end);
    if (at == end) return window.run_out();
    if (at == target) return window.refuse(Refusal::bad_request_line);
    if (*at != ' ') {
        // A line that ends here is a request of HTTP/0.9, which had no versions.
        const Parse line = window.expect_line_end(at, end, Refusal::bad_request_line);
        return line == Parse::complete ? window.refuse(Refusal::bad_version) : line;
    }
    head.target = window.slice(target, at);
    window.at = at + 1;
    return Parse::complete;
}

// What needs the whole line: an unknown version goes before the form of its target, which we cannot
// know ("PRI * HTTP/2.0").
Parse judge_line(HeadWindow& window, RequestHead& head) {
    if (head.method == Method::connect || head.method == Method::trace) {
        return window.refuse(Refusal::method_refused);
    }
    return read_target(window, head.at(head.target), head)
               ? Parse::complete
               : window.refuse(Refusal::bad_request_line);
}

}  // namespace

Parse parse_request_line(HeadWindow& window, const HeadLimits& limits, RequestHead& head) {
    LineEnd end(window, limits.request_line_max);
    Parse step = parse_method(window, end.at(), head);
    if (step == Parse::complete) step = parse_target(window, end.at(), head);
    if (step == Parse::complete) {
        step = parse_version(window, end.at(), Refusal::bad_request_line, head.minor_version);
    }
    if (step == Parse::complete) {
        step = window.expect_line_end(window.at, end.at(), Refusal::bad_request_line);
    }
    return step == Parse::complete ? judge_line(window, head) : end.named(step);
}

}  // namespace ringway::http
