#include "http/sticky_cookie.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/check.h"
#include "core/text_writer.h"
#include "http/field_text.h"

namespace ringway::http {

namespace {

constexpr std::size_t id_digits = 2;
constexpr std::size_t expiry_digits = 10;
constexpr std::size_t hash_digits = 16;
constexpr std::size_t signed_bytes = id_digits + expiry_digits + hash_digits;
static_assert(StickyCookie::value_bytes == signed_bytes + hash_digits);
// The names of attributes, and the values that have no limit of their own.
constexpr std::size_t attribute_words_max = 128;
static_assert(StickyCookie::text_max >= StickyCookie::name_bytes_max + StickyCookie::value_bytes +
                                            2 * StickyCookie::attribute_bytes_max +
                                            attribute_words_max);

// Lower case only: a cookie is written in one way, or it is none.
std::optional<std::uint64_t> hex(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char digit : digits) {
        const bool is_decimal = digit >= '0' && digit <= '9';
        if (!is_decimal && (digit < 'a' || digit > 'f')) return {};
        value =
            value << 4 | static_cast<std::uint64_t>(is_decimal ? digit - '0' : digit - 'a' + 10);
    }
    return value;
}

void write_hex(std::uint64_t value, std::span<char> space) {
    for (std::size_t i = space.size(); i > 0; i--, value >>= 4) {
        space[i - 1] = "0123456789abcdef"[value & 15];
    }
}

std::uint64_t seconds_of(core::Duration time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

std::string_view text_of(SameSite same_site) {
    switch (same_site) {
        case SameSite::none:
            return "None";
        case SameSite::lax:
            return "Lax";
        case SameSite::strict:
            return "Strict";
    }
    return "Lax";
}

std::string attributes_of(const StickySettings& settings) {
    std::string text = fmt::format("; Max-Age={}; Path={}", seconds_of(settings.ttl),
                                   settings.path.empty() ? "/" : settings.path);
    if (!settings.domain.empty()) text += "; Domain=" + settings.domain;
    if (settings.secure) text += "; Secure";
    if (settings.http_only) text += "; HttpOnly";
    return fmt::format("{}; SameSite={}", text, text_of(settings.same_site));
}

}  // namespace

StickyCookie::StickyCookie(const StickySettings& settings, std::span<const StickyKey> keys,
                           std::span<const std::string> backends)
    : name_(settings.cookie), ttl_(settings.ttl), attributes_(attributes_of(settings)) {
    CHECK(!keys.empty());
    for (const StickyKey& key : keys) {
        Signer signer{.key = key, .tokens = {}, .by_token = {}};
        for (const std::string& backend : backends) {
            signer.by_token.push_back(static_cast<std::uint32_t>(signer.tokens.size()));
            signer.tokens.push_back(core::siphash(key.key, "backend " + backend));
        }
        std::ranges::sort(signer.by_token, {}, [&](auto i) { return signer.tokens[i]; });
        signers_.push_back(std::move(signer));
    }
}

std::optional<StickyCookie::Reading> StickyCookie::read(std::string_view value,
                                                        core::Duration now) const {
    if (value.size() != value_bytes) return {};
    const auto id = hex(value.substr(0, id_digits));
    const auto expiry = hex(value.substr(id_digits, expiry_digits));
    const auto token = hex(value.substr(id_digits + expiry_digits, hash_digits));
    const auto signature = hex(value.substr(signed_bytes));
    if (!id || !expiry || !token || !signature) return {};
    const auto signer =
        std::ranges::find_if(signers_, [&](const Signer& each) { return each.key.id == *id; });
    if (signer == signers_.end()) return {};
    if (core::siphash(signer->key.key, value.substr(0, signed_bytes)) != *signature) return {};
    const std::uint64_t seconds = seconds_of(now);
    if (*expiry <= seconds) return {};
    const auto found = std::ranges::lower_bound(signer->by_token, *token, {},
                                                [&](auto i) { return signer->tokens[i]; });
    if (found == signer->by_token.end() || signer->tokens[*found] != *token) return {};
    return Reading{
        .backend = *found,
        .is_due = signer != signers_.begin() || *expiry - seconds < seconds_of(ttl_) / 2};
}

std::string_view StickyCookie::write(std::size_t backend, core::Duration now,
                                     std::span<char> space) const {
    const Signer& signer = signers_.front();
    std::array<char, value_bytes> value{};
    const std::span<char> digits{value};
    write_hex(signer.key.id, digits.first(id_digits));
    write_hex(seconds_of(now + ttl_), digits.subspan(id_digits, expiry_digits));
    write_hex(signer.tokens[backend], digits.subspan(id_digits + expiry_digits, hash_digits));
    const std::uint64_t signature =
        core::siphash(signer.key.key, std::string_view{value.data(), signed_bytes});
    write_hex(signature, digits.last(hash_digits));
    core::TextWriter text{space};
    text.text(name_);
    text.text("=");
    text.text({value.data(), value.size()});
    text.text(attributes_);
    return text.written();
}

std::vector<StickyKey> parse_sticky_keys(std::string_view text, std::string& problem) {
    std::vector<StickyKey> keys;
    for (std::size_t number = 1; !text.empty(); number++) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = trim_white_space(line);
        text = end == text.npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || line.front() == '#') continue;
        const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
        const std::string_view digits = trim_white_space(line.substr(blank));
        unsigned id = 256;
        const char* const id_begin = line.data();
        const char* const id_end = id_begin + blank;
        const auto parsed = std::from_chars(id_begin, id_end, id);
        const bool is_number = parsed.ec == std::errc{} && parsed.ptr == id_end;
        if (blank == line.size() || !is_number || id > 255) {
            problem = fmt::format("line {} has no id from 0 to 255 before its key", number);
            return {};
        }
        const auto high = hex(digits.substr(0, std::min<std::size_t>(16, digits.size())));
        const auto low = digits.size() == 32 ? hex(digits.substr(16)) : std::nullopt;
        if (!high || !low) {
            problem = fmt::format("line {} has no key of 32 hex digits (0-9, a-f)", number);
            return {};
        }
        if (std::ranges::any_of(keys, [&](const StickyKey& key) { return key.id == id; })) {
            problem = fmt::format("line {} has the id {} again", number, id);
            return {};
        }
        keys.push_back({.id = static_cast<std::uint8_t>(id), .key = {.low = *low, .high = *high}});
    }
    if (keys.empty()) problem = "there is no key in it";
    return keys;
}

}  // namespace ringway::http
