// The key table as a reference: for people, as a section of the man page ringway.toml(5) or a table
// for a README, and for tools, as tab-separated lines. What is committed is held against this by a
// test, so it never falls behind. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::config {

enum class ReferenceFormat : std::uint8_t {
    tsv,       // key, type, default, range, "required" or "optional", help; one key a line.
    man,       // roff, for between the markers in ringway.toml.5.
    markdown,  // A table.
};

// "tsv", "man" or "markdown".
std::optional<ReferenceFormat> reference_format(std::string_view name);

std::string reference(ReferenceFormat format);

}  // namespace ringway::config
