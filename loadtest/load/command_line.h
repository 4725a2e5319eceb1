// The command line of ringway-load, with its help. Off the path; the one place of the load
// generator where CLI11 throws, and what it throws stays here.
#pragma once

#include <expected>

#include "loadtest/load/options.h"

namespace ringway::loadtest {

// Or the status to exit with: help was printed, or what is wrong.
std::expected<LoadOptions, int> read_load_command_line(int argc, char** argv);

}  // namespace ringway::loadtest
