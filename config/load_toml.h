// TOML text to a tree of nodes. The one place that knows the TOML library (toml11 3.7), and where
// its exceptions end: what it throws comes out as one Problem, its many-line picture condensed to a
// sentence and the position it points at. Text is refused before the library sees it when it is
// over one of the limits below or is not UTF-8 (text_check.h says why).
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "config/toml_node.h"

namespace ringway::config {

inline constexpr std::size_t text_bytes_max = 4 << 20;
inline constexpr std::size_t nesting_max = 32;
inline constexpr std::size_t line_bytes_max = 64 << 10;

// The whole file as a table. TOML itself is wrong in at most one place at a time: the library stops
// at the first.
std::expected<Node, Problem> load_toml(std::string_view text);

}  // namespace ringway::config
