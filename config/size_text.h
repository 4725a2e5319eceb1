// Numbers of bytes as people write them: a whole number and k, m or g, which are powers of 1024, or
// the number alone. Pure functions, any thread. `size_text` is the inverse: it prints with the
// largest unit that loses nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::config {

// Absent when it is not of that form or does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t bytes);

}  // namespace ringway::config
