#include "http/field_text.h"

#include <arpa/inet.h>

#include <array>

namespace ringway::http {
namespace {

constexpr std::uint64_t lower_case_bits = 0x2020'2020'2020'2020;

template <class Word>
Word load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

template <class Word>
bool same_word(const char* name, const char* lower) {
    return (load<Word>(name) | static_cast<Word>(lower_case_bits)) == load<Word>(lower);
}

// Compares `lower`'s length of bytes, overlapping words at both ends. Setting the bit of lower case
// cannot make two token bytes equal that are not the same letter, so one OR does for a whole word.
template <std::size_t N>
bool is(const char* name, const char (&lower)[N]) {
    constexpr std::size_t size = N - 1;
    if constexpr (size >= 8) {
        if (!same_word<std::uint64_t>(name, lower)) return false;
        if constexpr (size > 16) {
            if (!same_word<std::uint64_t>(name + 8, lower + 8)) return false;
        }
        return same_word<std::uint64_t>(name + size - 8, lower + size - 8);
    } else if constexpr (size >= 4) {
        return same_word<std::uint32_t>(name, lower) &&
               same_word<std::uint32_t>(name + size - 4, lower + size - 4);
    } else {
        return same_word<std::uint16_t>(name, lower) &&
               same_word<std::uint16_t>(name + size - 2, lower + size - 2);
    }
}

FieldId x_forwarded_id(const char* name, std::size_t size) {
    switch (size) {
        case 15:
            return is(name, "x-forwarded-for") ? FieldId::x_forwarded_for : FieldId::other;
        case 16:
            if (is(name, "x-forwarded-host")) return FieldId::x_forwarded_host;
            return is(name, "x-forwarded-port") ? FieldId::x_forwarded_port : FieldId::other;
        case 17:
            return is(name, "x-forwarded-proto") ? FieldId::x_forwarded_proto : FieldId::other;
    }
    return FieldId::other;
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    if (text.size() > 5) return false;
    for (const char byte : text) {
        if (!is_digit(byte)) return false;
        port = port * 10 + static_cast<unsigned>(byte - '0');
    }
    return port <= 65'535;
}

bool is_ipv6(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::memcpy(terminated.data(), text.data(), text.size());
    std::array<unsigned char, 16> address;
    return inet_pton(AF_INET6, terminated.data(), address.data()) == 1;
}

// Where the name ends: at the first byte that is not of a name. "%41" is, "%4" is not.
std::size_t host_name_size(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = text.substr(at);
        if (is_in(ByteClass::host, rest[0])) {
            ++at;
        } else if (rest[0] == '%' && rest.size() >= 3 && is_in(ByteClass::hex, rest[1]) &&
                   is_in(ByteClass::hex, rest[2])) {
            at += 3;
        } else {
            break;
        }
    }
    return at;
}

}  // namespace

FieldId field_id_of(std::string_view text) noexcept {
    const char* const name = text.data();
    switch (text.size()) {
        case 2:
            return is(name, "te") ? FieldId::te : FieldId::other;
        case 3:
            return is(name, "via") ? FieldId::via : FieldId::other;
        case 4:
            if (is(name, "host")) return FieldId::host;
            return is(name, "date") ? FieldId::date : FieldId::other;
        case 6:
            return is(name, "expect") ? FieldId::expect : FieldId::other;
        case 7:
            if (is(name, "upgrade")) return FieldId::upgrade;
            return is(name, "trailer") ? FieldId::trailer : FieldId::other;
        case 9:
            if (is(name, "forwarded")) return FieldId::forwarded;
            return is(name, "x-real-ip") ? FieldId::x_real_ip : FieldId::other;
        case 10:
            if (is(name, "connection")) return FieldId::connection;
            return is(name, "keep-alive") ? FieldId::keep_alive : FieldId::other;
        case 12:
            return is(name, "x-request-id") ? FieldId::x_request_id : FieldId::other;
        case 14:
            return is(name, "content-length") ? FieldId::content_length : FieldId::other;
        case 16:
            if (is(name, "proxy-connection")) return FieldId::proxy_connection;
            break;
        case 17:
            if (is(name, "transfer-encoding")) return FieldId::transfer_encoding;
            break;
        case 18:
            return is(name, "proxy-authenticate") ? FieldId::proxy_authenticate : FieldId::other;
        case 19:
            return is(name, "proxy-authorization") ? FieldId::proxy_authorization : FieldId::other;
    }
    return x_forwarded_id(name, text.size());
}

std::string_view name_of(FieldId id) noexcept {
    switch (id) {
        case FieldId::other:
            return "";
        case FieldId::connection:
            return "connection";
        case FieldId::content_length:
            return "content-length";
        case FieldId::date:
            return "date";
        case FieldId::expect:
            return "expect";
        case FieldId::forwarded:
            return "forwarded";
        case FieldId::host:
            return "host";
        case FieldId::keep_alive:
            return "keep-alive";
        case FieldId::proxy_authenticate:
            return "proxy-authenticate";
        case FieldId::proxy_authorization:
            return "proxy-authorization";
        case FieldId::proxy_connection:
            return "proxy-connection";
        case FieldId::te:
            return "te";
        case FieldId::trailer:
            return "trailer";
        case FieldId::transfer_encoding:
            return "transfer-encoding";
        case FieldId::upgrade:
            return "upgrade";
        case FieldId::via:
            return "via";
        case FieldId::x_forwarded_for:
            return "x-forwarded-for";
        case FieldId::x_forwarded_host:
            return "x-forwarded-host";
        case FieldId::x_forwarded_port:
            return "x-forwarded-port";
        case FieldId::x_forwarded_proto:
            return "x-forwarded-proto";
        case FieldId::x_real_ip:
            return "x-real-ip";
        case FieldId::x_request_id:
            return "x-request-id";
    }
    return "";
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char byte = text[i];
        if ((byte >= 'A' && byte <= 'Z' ? byte + 0x20 : byte) != lower[i]) return false;
    }
    return true;
}

std::string_view trim_white_space(std::string_view text) noexcept {
    while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_authority(std::string_view text) noexcept {
    std::size_t host_size = 0;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return false;
        host_size = close + 1;
    } else {
        host_size = host_name_size(text);
    }
    if (host_size == 0) return false;
    const std::string_view rest = text.substr(host_size);
    return rest.empty() || (rest[0] == ':' && is_port(rest.substr(1)));
}

}  // namespace ringway::http
