// What a client sends as a sticky cookie, and what an operator writes into a key file. Only what
// was written with one of our keys is believed, and for no longer than it says; a good cookie that
// is changed anywhere is none. The bytes are a cookie's value, a Cookie field, edits of a good
// cookie, and a key file: each for what it is worth.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/cookies.h"
#include "http/sticky_cookie.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_properties.h"

namespace ringway::fuzz {
namespace {

using http::StickyCookie;
using http::StickyKey;

constexpr core::Duration now = std::chrono::seconds(1'790'000'000);
constexpr core::Duration ttl = std::chrono::hours(1);
// Ends, of what is in the corpus, long after and long before now.
constexpr std::array<core::Duration, 4> times = {std::chrono::seconds(0), now - ttl, now,
                                                 now + 100 * ttl};

const std::vector<std::string>& backends() {
    static const std::vector<std::string> names{"10.0.0.1:80", "10.0.0.2:80", "unix:/run/app.sock"};
    return names;
}

const http::StickySettings& settings() {
    static const http::StickySettings all{.cookie = "ringway", .ttl = ttl};
    return all;
}

const StickyCookie& ours() {
    static const std::array keys{StickyKey{.id = 1, .key = {.low = 0x1122'3344, .high = 0x5566}},
                                 StickyKey{.id = 0xfe, .key = {.low = 7, .high = 8}}};
    static const StickyCookie cookie(settings(), keys, backends());
    return cookie;
}

// Nothing was ever written with these, so that a fuzzer that remembers what it saw has not seen it.
const StickyCookie& unused() {
    static const std::array keys{StickyKey{.id = 1, .key = {.low = 0x99, .high = 0xaa}},
                                 StickyKey{.id = 7, .key = {.low = 0xbb, .high = 0xcc}}};
    static const StickyCookie cookie(settings(), keys, backends());
    return cookie;
}

std::string value_of(const StickyCookie& cookie, std::size_t backend, core::Duration at) {
    std::array<char, StickyCookie::text_max> space{};
    const std::string_view text = cookie.write(backend, at, space);
    CHECK(text.starts_with("ringway=") && text.size() <= space.size());
    return std::string(text.substr(cookie.name().size() + 1, StickyCookie::value_bytes));
}

// 64 bits of signature are not guessed.
void check_not_believed(std::string_view value) {
    for (const core::Duration at : times) CHECK(!unused().read(value, at).has_value());
}

// The name is asked for in a head of any bytes; what is found lies within it.
void check_in_head(std::string_view text) {
    http::FieldTable table;
    const std::string head =
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + std::string(text) + "\r\n\r\n";
    const auto outcome = parse<http::RequestHead>({.bytes = head}, {}, table);
    if (outcome.result != http::Parse::complete) return;
    const auto value = http::find_cookie(outcome.head, "ringway");
    if (!value) return;
    CHECK(value->data() >= head.data() &&
          value->data() + value->size() <= head.data() + head.size());
    check_not_believed(*value);
}

// Pairs of a place and a byte change a good cookie; 0 puts a digit in between. A last place alone
// is where it is cut.
void check_edited(std::span<const std::uint8_t> edits) {
    const std::size_t backend = edits.size() % backends().size();
    const std::string good = value_of(ours(), backend, now);
    const auto reading = ours().read(good, now);
    CHECK(reading && reading->backend == backend && !reading->is_due);
    std::string edited = good;
    for (; edits.size() >= 2; edits = edits.subspan(2)) {
        const std::size_t place = edits[0] % edited.size();
        if (edits[1] == 0) {
            edited.insert(place, 1, '0');
        } else {
            edited[place] = static_cast<char>(edits[1]);
        }
    }
    if (!edits.empty()) edited.resize(edits[0] % (edited.size() + 1));
    CHECK(ours().read(edited, now).has_value() == (edited == good));
}

// A file that is taken signs what it reads, whichever of its keys did; one that is refused says
// where and why.
void check_key_file(std::string_view text) {
    std::string problem;
    const std::vector<StickyKey> keys = http::parse_sticky_keys(text, problem);
    CHECK(keys.empty() == !problem.empty());
    if (keys.empty()) return;
    CHECK(keys.size() <= 256);
    const StickyCookie all(settings(), keys, backends());
    for (std::size_t i = 0; i < keys.size(); i++) {
        const StickyCookie one(settings(), std::span{keys}.subspan(i, 1), backends());
        const std::string value = value_of(one, i % backends().size(), now);
        const auto reading = all.read(value, now + std::chrono::seconds(1));
        CHECK(reading && reading->backend == i % backends().size());
        CHECK(reading->is_due == (i > 0));  // Of an old key: to be renewed.
        CHECK(!all.read(value, now + ttl).has_value());
    }
}

}  // namespace
}  // namespace ringway::fuzz

FUZZ_TARGET(cookie) {
    using namespace ringway::fuzz;
    const std::string_view text = text_of(bytes);
    check_not_believed(text);
    check_in_head(text);
    check_edited(bytes);
    check_key_file(text);
}
