// The house's two hashes. `hash64` (xxHash64) is fast and fixed for ever: it decides which backend
// a key lands on, so two machines, two releases and two shards must agree; golden vectors hold it.
// It is no defence: whoever knows the seed can make keys collide.
// `siphash` (SipHash-2-4) is for tables whose keys a peer chooses (hash flooding) and for short
// tokens that a peer must not forge; its key is drawn at start and never leaves the process.
// Both are pure functions; any thread may call them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::core {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) noexcept;

struct SipKey {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    // The 16 bytes as in the paper: little-endian, the low word first.
    static SipKey from(const std::array<unsigned char, 16>& bytes) noexcept;
};

std::uint64_t siphash(const SipKey& key, std::string_view bytes) noexcept;

}  // namespace ringway::core
