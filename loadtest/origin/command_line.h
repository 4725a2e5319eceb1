// The command line of ringway-origin, with its help. A flag for every row of the settings table.
// Off the path; the one place of the origin where CLI11 throws, and what it throws stays here.
#pragma once

#include <expected>
#include <optional>

#include "loadtest/origin/options.h"

namespace ringway::loadtest {

struct OriginCommand {
    OriginOptions options;
    std::optional<OriginChild> child = {};
};

// Or the status to exit with: help was printed, or what is wrong.
std::expected<OriginCommand, int> read_command_line(int argc, char** argv);

}  // namespace ringway::loadtest
