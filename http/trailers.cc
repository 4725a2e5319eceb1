#include "http/trailers.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/field_text.h"

namespace ringway::http {
namespace {

using namespace std::string_view_literals;

constexpr std::array forbidden_names = {
    // Who asks, and for whom.
    "authorization"sv,
    "cookie"sv,
    "cookie2"sv,
    "set-cookie"sv,
    "set-cookie2"sv,
    "www-authenticate"sv,
    "origin"sv,
    "proxy"sv,
    // What is asked, and under which conditions.
    "cache-control"sv,
    "early-data"sv,
    "http2-settings"sv,
    "max-forwards"sv,
    "pragma"sv,
    "range"sv,
    "x-http-method-override"sv,
    "x-original-url"sv,
    "x-rewrite-url"sv,
    // How the response is to be used.
    "age"sv,
    "expires"sv,
    "location"sv,
    "refresh"sv,
    "retry-after"sv,
    "vary"sv,
    "warning"sv,
};

constexpr std::array forbidden_prefixes = {
    "accept"sv, "access-control-"sv, "content-"sv, "if-"sv, "proxy-"sv,
    "sec-"sv,   "x-forwarded-"sv,    "x-real-"sv,
};

// Digests are what trailers are for: they are known when the content has gone (RFC 9530).
constexpr std::array allowed_names = {"content-digest"sv, "content-md5"sv};

// CGI and its heirs take '_' for '-', so that there Content_Length is Content-Length.
char folded(char byte) {
    if (byte == '_') return '-';
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

bool begins_with(std::string_view name, std::string_view folded_prefix) {
    return name.size() >= folded_prefix.size() &&
           std::ranges::equal(name.substr(0, folded_prefix.size()), folded_prefix, {}, folded);
}

bool is(std::string_view name, std::string_view folded_name) {
    return name.size() == folded_name.size() && begins_with(name, folded_name);
}

// Not by field_id_of: called from here too, it would no longer be inlined where heads are parsed.
bool has_id(std::string_view name) {
    constexpr auto last = static_cast<unsigned>(FieldId::x_request_id);
    for (unsigned id = 1; id <= last; id++) {
        if (is(name, name_of(static_cast<FieldId>(id)))) return true;
    }
    return false;
}

}  // namespace

bool accepts_trailers(const RequestHead& head) noexcept {
    if (head.minor_version == 0) return false;
    for (const Field& field : head.fields) {
        if (field.id != FieldId::te) continue;
        for (ListReader codings(head.value(field)); codings.next();) {
            if (equals_ignoring_case(codings.element(), "trailers")) return true;
        }
    }
    return false;
}

// The fields that a proxy itself must understand are all such that it has acted on them by now.
bool may_be_trailer(std::string_view name) noexcept {
    if (has_id(name)) return false;
    const auto is_name = [=](std::string_view other) { return is(name, other); };
    const auto is_prefix = [=](std::string_view prefix) { return begins_with(name, prefix); };
    if (std::ranges::any_of(allowed_names, is_name)) return true;
    return std::ranges::none_of(forbidden_names, is_name) &&
           std::ranges::none_of(forbidden_prefixes, is_prefix);
}

void drop_forbidden_trailers(core::Buffer& lines) noexcept {
    const std::span<std::byte> bytes = lines.bytes();
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    std::size_t kept = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = text.find('\n', at) + 1 - at;
        const std::string_view line = text.substr(at, size);
        if (may_be_trailer(line.substr(0, line.find(':')))) {
            std::memmove(bytes.data() + kept, line.data(), size);
            kept += size;
        }
        at += size;
    }
    lines.drop_back(bytes.size() - kept);
}

}  // namespace ringway::http
