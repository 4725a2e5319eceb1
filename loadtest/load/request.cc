#include "loadtest/load/request.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "http/field_text.h"

namespace ringway::loadtest {

namespace {

struct MethodName {
    std::string_view name;
    http::Method method;
};

constexpr std::array<MethodName, 9> method_names{{
    {"GET", http::Method::get},
    {"HEAD", http::Method::head},
    {"POST", http::Method::post},
    {"PUT", http::Method::put},
    {"DELETE", http::Method::delete_},
    {"OPTIONS", http::Method::options},
    {"PATCH", http::Method::patch},
    {"CONNECT", http::Method::connect},
    {"TRACE", http::Method::trace},
}};

// Enough for a thousand million requests; the length of a head does not depend on its number.
constexpr std::size_t number_digits = 10;

bool names(std::string_view field, std::string_view lower_name) {
    return http::equals_ignoring_case(field.substr(0, field.find(':')), lower_name);
}

}  // namespace

http::Method method_of(std::string_view name) {
    for (const MethodName& known : method_names) {
        if (known.name == name) return known.method;
    }
    return http::Method::other;
}

std::string write_request_head(const HeadParts& parts) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\n", parts.method, parts.target);
    auto end = std::back_inserter(text);
    bool has_host = false;
    for (const std::string& field : parts.fields) has_host |= names(field, "host");
    if (!has_host) fmt::format_to(end, "Host: {}\r\n", parts.host);
    for (const std::string& field : parts.fields) fmt::format_to(end, "{}\r\n", field);
    const bool may_have_body = parts.method == "POST" || parts.method == "PUT" ||
                               parts.method == "PATCH" || parts.body_bytes > 0;
    if (may_have_body) fmt::format_to(end, "Content-Length: {}\r\n", parts.body_bytes);
    if (parts.closes) text += "Connection: close\r\n";
    return text + "\r\n";
}

void add_number(LoadRequest& request) {
    constexpr std::string_view field = "X-Request-Number: ";
    constexpr std::string_view line_end = "\r\n";
    const std::size_t end = request.head.size() - line_end.size();
    request.number_at = end + field.size();
    request.head.insert(end, fmt::format("{}{:0{}}{}", field, 0, number_digits, line_end));
}

void write_number(const LoadRequest& request, std::uint64_t number, std::string& head) {
    for (std::size_t at = request.number_at + number_digits; at-- > request.number_at;) {
        head[at] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

}  // namespace ringway::loadtest
