#include "core/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstring>

namespace ringway::core {

namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

std::uint64_t word_at(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

// J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), section 2.
class SipState {
public:
    explicit SipState(const SipKey& key)
        : v0_(key.low ^ 0x736f'6d65'7073'6575),
          v1_(key.high ^ 0x646f'7261'6e64'6f6d),
          v2_(key.low ^ 0x6c79'6765'6e65'7261),
          v3_(key.high ^ 0x7465'6462'7974'6573) {}

    void compress(std::uint64_t word) {
        v3_ ^= word;
        rounds(2);
        v0_ ^= word;
    }
    std::uint64_t finish() {
        v2_ ^= 0xff;
        rounds(4);
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void rounds(int count) {
        for (int i = 0; i < count; i++) {
            v0_ += v1_;
            v2_ += v3_;
            v1_ = std::rotl(v1_, 13) ^ v0_;
            v3_ = std::rotl(v3_, 16) ^ v2_;
            v0_ = std::rotl(v0_, 32) + v3_;
            v2_ += v1_;
            v1_ = std::rotl(v1_, 17) ^ v2_;
            v3_ = std::rotl(v3_, 21) ^ v0_;
            v2_ = std::rotl(v2_, 32);
        }
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
};

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) noexcept {
    return XXH64(bytes.data(), bytes.size(), seed);
}

SipKey SipKey::from(const std::array<unsigned char, 16>& bytes) noexcept {
    const auto* start = reinterpret_cast<const char*>(bytes.data());
    return {.low = word_at(start), .high = word_at(start + 8)};
}

std::uint64_t siphash(const SipKey& key, std::string_view bytes) noexcept {
    SipState state{key};
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) state.compress(word_at(bytes.data() + i));
    // The last word: what is left over, and the size in its highest byte.
    std::uint64_t last = std::uint64_t{bytes.size()} << 56;
    for (std::size_t i = whole; i < bytes.size(); i++) {
        last |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * (i - whole));
    }
    state.compress(last);
    return state.finish();
}

}  // namespace ringway::core
