// The command line of ringway-origin, with its help, and the scenario file that it may name, before
// which it goes. Its options are those of the fleet (option_table.h) and one for every row of the
// settings table, so that whatever a backend can be told later it can be told at its start.
// Read once, before anything runs.
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
std::expected<OriginCommand, int> read_origin_command_line(int argc, char** argv);

}  // namespace ringway::loadtest
