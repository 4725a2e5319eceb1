// What bodies are made of here: byte k of a body is letter k modulo 61, a prime, so that a piece
// that went missing, came twice or came from elsewhere shows. The origin answers with it, and the
// load generator sends it and compares with it.
// Made once, never changed; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringway::loadtest {

inline constexpr std::size_t pattern_piece_max = 16 << 10;

// What a body says from `offset` on: `size` bytes. REQUIRES: size <= pattern_piece_max.
std::span<const std::byte> pattern_piece(std::uint64_t offset, std::size_t size);

// Whether these bytes, however many, are what a body says from `offset` on.
bool is_pattern(std::span<const std::byte> bytes, std::uint64_t offset);

}  // namespace ringway::loadtest
