// The id by which one request is found in every log it passes: 128 bits by chance, 32 hex digits as
// text. A request that brings an X-Request-Id keeps it; the others get one here. Drawn from the
// shard's own sequence, which is seeded once at start, so an id costs no system call; ids are
// unique, not secret. Plain data on the shard's thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/prng.h"
#include "http/message.h"

namespace ringway::http {

struct RequestId {
    static constexpr std::size_t text_bytes = 32;
    // Of an id that a request may bring; a longer one is replaced.
    static constexpr std::size_t brought_bytes_max = 128;

    std::uint64_t high = 0;
    std::uint64_t low = 0;

    static RequestId draw(core::Prng& prng) { return {.high = prng(), .low = prng()}; }
    // A view into `space`.
    std::string_view text(std::span<char, text_bytes> space) const;
};

// The text of an id, beyond the life of the request it came with.
class RequestIdText {
public:
    RequestIdText() = default;
    // REQUIRES: at most brought_bytes_max.
    explicit RequestIdText(std::string_view text);
    std::string_view view() const { return {bytes_.data(), size_}; }

private:
    std::array<char, RequestId::brought_bytes_max> bytes_;
    std::uint8_t size_ = 0;
};

// The one that the request brings: empty when there is none, several, or one too long.
std::string_view request_id_in(const RequestHead& head);

}  // namespace ringway::http
