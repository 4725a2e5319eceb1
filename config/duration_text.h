// Durations as people write them: a whole number and one unit, "250ms", "1s", "5m". One number and
// one unit only, so that there is one obvious way to write each and nothing to misread; there is no
// unit larger than the hour because days are not always 24 of them. Pure functions, any thread.
// `duration_text` is the inverse: it prints with the largest unit that loses nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace ringway::config {

// Absent when it is not of that form or does not fit.
std::optional<core::Duration> parse_duration(std::string_view text);
std::string duration_text(core::Duration duration);

}  // namespace ringway::config
