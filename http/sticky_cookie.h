// The cookie that keeps a client with its backend. It says which backend by a token that only this
// house can make, and until when, and it is signed: what a client made up, cut, kept too long or
// had signed by a key that is gone is no cookie, and the client gets a new one. It carries no
// address. Whoever has the same keys reads it: another shard, another ringway, the next process.
//
//     key id, 2 hex digits · expiry in Unix seconds, 10 · backend token, 16 · signature, 16
//
// Token and signature are SipHash-2-4 under a key of 128 bits. One per group, immutable within a
// generation; any thread. Nothing allocates after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/hash.h"

namespace ringway::http {

enum class SameSite : std::uint8_t { none, lax, strict };

struct StickySettings {
    std::string cookie = {};  // Its name; empty: no stickiness.
    core::Duration ttl = std::chrono::hours(1);
    std::string path = {};    // Empty: "/".
    std::string domain = {};  // Empty: none.
    bool secure = false;
    bool http_only = true;
    SameSite same_site = SameSite::lax;
    std::string key_file = "drawn";  // Or the name of a file.
};

struct StickyKey {
    std::uint8_t id = 0;
    core::SipKey key;
};

class StickyCookie {
public:
    static constexpr std::size_t value_bytes = 2 + 10 + 16 + 16;
    // Of a whole Set-Cookie value, for the longest name, path and domain there may be.
    static constexpr std::size_t text_max = 1'024;
    static constexpr std::size_t name_bytes_max = 64;
    static constexpr std::size_t attribute_bytes_max = 256;  // Of the path, and of the domain.

    // The first key signs; the others are still believed. `backends` are their names, by index.
    // REQUIRES: at least one key.
    StickyCookie(const StickySettings& settings, std::span<const StickyKey> keys,
                 std::span<const std::string> backends);

    struct Reading {
        std::size_t backend;
        bool is_due;  // Half its time is over, or its key is an old one: it should be renewed.
    };
    // Nothing for what is no cookie of ours. `now` is since 1970.
    std::optional<Reading> read(std::string_view value, core::Duration now) const;

    // The value of a Set-Cookie field that names the backend. REQUIRES: space of text_max.
    std::string_view write(std::size_t backend, core::Duration now, std::span<char> space) const;

    const std::string& name() const { return name_; }

private:
    struct Signer {
        StickyKey key;
        std::vector<std::uint64_t> tokens;    // By backend.
        std::vector<std::uint32_t> by_token;  // The backends, by their tokens.
    };

    std::string name_;
    core::Duration ttl_;
    std::string attributes_;
    std::vector<Signer> signers_;
};

inline constexpr std::string_view drawn_key = "drawn";

// "ID HEX" lines, the id from 0 to 255 and 32 hex digits; empty lines and "#" comments are skipped.
// What is wrong goes into `problem`, with its line.
std::vector<StickyKey> parse_sticky_keys(std::string_view text, std::string& problem);

}  // namespace ringway::http
