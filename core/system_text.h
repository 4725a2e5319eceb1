// Small files in which the kernel tells about itself: /proc and /sys, read whole, and the few ways
// to take numbers out of them. Not for the request path: it opens, reads and allocates. Stateless,
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::core {

// Absent when it cannot be read. Ends are trimmed.
std::optional<std::string> read_system_text(const std::string& path);
std::optional<std::int64_t> read_system_number(const std::string& path);

std::string_view trimmed(std::string_view text);
std::optional<std::int64_t> number_in(std::string_view text);
// The first line, without its newline; `text` loses it. For walking over lines.
std::string_view take_line(std::string_view& text);
// The same for words between blanks. Empty when there is none left.
std::string_view take_word(std::string_view& text);

}  // namespace ringway::core
