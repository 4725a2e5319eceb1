// Which bytes may stand where in an HTTP/1 head, and how to find the first that may not. The table
// is the definition; the SSE2 scans, which every x86-64 has, answer the same sixteen bytes at a
// time and never read at or beyond `end`. The portable scans are what other machines run and what
// the tests hold the others against. Pure functions, any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace ringway::http {

enum class ByteClass : std::uint8_t {
    token = 1,       // RFC 9110, 5.6.2: field names and methods.
    target = 2,      // A request target: visible ASCII but '#', as a fragment is never sent.
    field_text = 4,  // Field values: all but control bytes; HTAB is none, bytes above 127 neither.
    host = 8,        // A host name: unreserved and sub-delims of RFC 3986, but ','.
    hex = 16,
};

consteval std::array<std::uint8_t, 256> make_byte_classes() {
    std::array<std::uint8_t, 256> classes{};
    const auto add = [&](int byte, ByteClass wanted) {
        auto& entry = classes[static_cast<std::size_t>(byte)];
        entry = static_cast<std::uint8_t>(entry | static_cast<std::uint8_t>(wanted));
    };
    const auto add_all = [&](const char* bytes, ByteClass wanted) {
        for (; *bytes != 0; ++bytes) add(*bytes, wanted);
    };
    for (int letter = 'a'; letter <= 'z'; ++letter) {
        for (const int byte : {letter, letter - 'a' + 'A'}) {
            add(byte, ByteClass::token);
            add(byte, ByteClass::host);
        }
    }
    for (int digit = '0'; digit <= '9'; ++digit) {
        add(digit, ByteClass::token);
        add(digit, ByteClass::host);
        add(digit, ByteClass::hex);
    }
    add_all("abcdefABCDEF", ByteClass::hex);
    add_all("!#$%&'*+-.^_`|~", ByteClass::token);
    add_all("-._~!$&'()*+;=", ByteClass::host);
    for (int byte = 0x21; byte <= 0x7e; ++byte) {
        if (byte != '#') add(byte, ByteClass::target);
    }
    for (int byte = 0; byte <= 0xff; ++byte) {
        if ((byte >= 0x20 && byte != 0x7f) || byte == '\t') add(byte, ByteClass::field_text);
    }
    return classes;
}

inline constexpr std::array<std::uint8_t, 256> byte_classes = make_byte_classes();

inline bool is_in(ByteClass wanted, char byte) {
    return (byte_classes[static_cast<std::uint8_t>(byte)] & static_cast<std::uint8_t>(wanted)) != 0;
}

inline bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}
inline bool is_white_space(char byte) {
    return byte == ' ' || byte == '\t';
}

// The first byte of [at, end) that is not in the class, or end.
struct PortableScan {
    static const char* end_of(ByteClass wanted, const char* at, const char* end) {
        while (at != end && is_in(wanted, *at)) ++at;
        return at;
    }
    static const char* end_of_token(const char* at, const char* end) {
        return end_of(ByteClass::token, at, end);
    }
    static const char* end_of_target(const char* at, const char* end) {
        return end_of(ByteClass::target, at, end);
    }
    static const char* end_of_field_text(const char* at, const char* end) {
        return end_of(ByteClass::field_text, at, end);
    }
};

#if defined(__SSE2__)
struct Sse2Scan {
    static const char* end_of_token(const char* at, const char* end) {
        while (end - at >= 16) {
            const unsigned others = rare_in_names(at);
            at += others == 0 ? 16 : std::countr_zero(others);
            if (others == 0) continue;
            if (!is_in(ByteClass::token, *at)) return at;
            ++at;  // A digit, '_' or the like: goes on behind it.
        }
        return PortableScan::end_of_token(at, end);
    }
    static const char* end_of_target(const char* at, const char* end) {
        while (end - at >= 16) {
            const __m128i bytes = load(at);
            const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(0x20)), bytes);
            const __m128i high = _mm_cmpeq_epi8(_mm_max_epu8(bytes, all(0x7f)), bytes);
            const __m128i fragment = _mm_cmpeq_epi8(bytes, all('#'));
            const unsigned found = mask(_mm_or_si128(_mm_or_si128(low, high), fragment));
            if (found != 0) return at + std::countr_zero(found);
            at += 16;
        }
        return PortableScan::end_of_target(at, end);
    }
    static const char* end_of_field_text(const char* at, const char* end) {
        while (end - at >= 16) {
            const __m128i bytes = load(at);
            const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(0x1f)), bytes);
            const __m128i tab = _mm_cmpeq_epi8(bytes, all('\t'));
            const __m128i del = _mm_cmpeq_epi8(bytes, all(0x7f));
            const unsigned found = mask(_mm_or_si128(_mm_andnot_si128(tab, low), del));
            if (found != 0) return at + std::countr_zero(found);
            at += 16;
        }
        return PortableScan::end_of_field_text(at, end);
    }

private:
    static __m128i load(const char* at) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    }
    static __m128i all(char byte) { return _mm_set1_epi8(byte); }
    static unsigned mask(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

    // Which of sixteen bytes are neither letters nor '-', of which names consist but for a few.
    static unsigned rare_in_names(const char* at) {
        const __m128i bytes = load(at);
        const __m128i from_a = _mm_sub_epi8(_mm_or_si128(bytes, all(0x20)), all('a'));
        const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, all(25)), from_a);
        const __m128i hyphen = _mm_cmpeq_epi8(bytes, all('-'));
        return mask(_mm_or_si128(letter, hyphen)) ^ 0xffffu;
    }
};
using ByteScan = Sse2Scan;
#else
using ByteScan = PortableScan;
#endif

}  // namespace ringway::http
