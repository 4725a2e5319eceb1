// The way in: the text of ringway.toml to a Config, or to everything that is wrong with it. A
// Config that comes out is complete and correct and is never changed again; a text with errors
// yields no Config, only one line per error, all at once, each with file, line and column.
// Exceptions of what it is made of end here. Any thread; it may take milliseconds.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/origins.h"

namespace ringway::config {

struct Source {
    std::string_view text;
    std::string_view file_name;  // As it is to appear in messages.
};

struct Loaded {
    Config config;
    Origins origins;  // What was written, and where.
};

// The errors are complete lines without a newline, in the order of the file.
using LoadResult = std::expected<Loaded, std::vector<std::string>>;

LoadResult load(Source source);
LoadResult load_file(const std::string& path);

}  // namespace ringway::config
