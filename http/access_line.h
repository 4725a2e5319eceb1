// One line of the access log for one ended request, in either of two forms: "text" is the combined
// format that log analysers know, with what only a proxy knows behind it as key=value, and "json"
// is an object per line. README.md, "Access log", lists the fields.
// A client's bytes cannot end a line or be taken for its syntax, and what is logged of each is
// bounded, so a line always fits `access_line_bytes_max`. Pure functions, any thread.
#pragma once

#include <cstdint>

#include "core/text_writer.h"
#include "http/access_log.h"
#include "http/wall_time.h"

namespace ringway::http {

enum class AccessFormat : std::uint8_t { text, json };

inline constexpr std::size_t access_line_bytes_max = 16'384;

struct AccessMoment {
    WallTime& wall_time;
    core::Duration since_1970;
};

// Ends with a line feed. REQUIRES: room for access_line_bytes_max.
void write_access_line(AccessFormat format, const ExchangeRecord& record, AccessMoment moment,
                       core::TextWriter& line);

}  // namespace ringway::http
