// What is asked of the text of a file before the TOML library sees it, because the library, found
// by fuzzing, reads past its memory on invalid UTF-8 in literal strings and recurses without a
// bound. Both are errors in TOML's own terms or far beyond any real file. Pure; linear in the
// text's length; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::config {

// How deep brackets and braces stand within one another, strings and comments left out.
std::size_t nesting_depth(std::string_view text);

// The offset of the first byte that may not stand in TOML: not UTF-8, or a control character other
// than tab and line ends. npos when there is none.
std::size_t first_bad_byte(std::string_view text);

// The offset of the first line longer than `bytes_max`. npos when there is none.
std::size_t first_long_line(std::string_view text, std::size_t bytes_max);

}  // namespace ringway::config
