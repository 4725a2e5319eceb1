// The command line of ringway-load, with its help, and the scenario file that it may name. What it
// says goes before the file, except for what is asked: that stands in one place, because nobody
// could tell which of several kinds of request an option is for. The options themselves are in
// option_tables.h, and what they mean is decided by `understand`.
// Read once, before anything runs.
#pragma once

#include <expected>

#include "loadtest/load/options.h"

namespace ringway::loadtest {

// Or the status to exit with: help was printed, or what is wrong.
std::expected<LoadOptions, int> read_load_command_line(int argc, char** argv);

}  // namespace ringway::loadtest
