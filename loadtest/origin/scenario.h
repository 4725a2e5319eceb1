// A fleet of mock backends as a TOML file: what `ringway-origin --scenario FILE` reads. The names
// are those of the command line; README.md has an example. An unknown name or a value that is none
// is an error with its line, so that a misspelt fault is not a fleet without faults.
// Read once, before anything runs.
#pragma once

#include <expected>
#include <string>

#include "loadtest/origin/options.h"

namespace ringway::loadtest {

// The error is "FILE:LINE: what is wrong".
std::expected<OriginWords, std::string> read_scenario(const std::string& file);

}  // namespace ringway::loadtest
