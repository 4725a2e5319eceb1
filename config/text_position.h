// Where things stand in the text of a file: byte offsets to lines and columns and back, and the key
// that stands before a value, which the TOML library does not tell. Built once for a text, which
// it does not own and which must outlive it; read by load_toml only.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "config/toml_node.h"

namespace ringway::config {

class TextPosition {
public:
    explicit TextPosition(std::string_view text);

    Position at(std::size_t offset) const;
    // The offset of the key in `key = value`, given the value's; the value's own when no key stands
    // before it on its line (elements of arrays, tables with a header).
    std::size_t key_before(std::size_t value_offset) const;

private:
    std::string_view text_;
    std::vector<std::size_t> line_starts_;
};

}  // namespace ringway::config
