// A load as a TOML file: what `ringway-load --scenario FILE` reads. The names are those of the
// command line, with [[request]] for each kind of request; README.md has an example. An unknown
// name is an error with its line, so that a misspelt expectation is not a load that expects
// nothing. Read once, before anything runs.
#pragma once

#include <expected>
#include <string>

#include "loadtest/load/words.h"

namespace ringway::loadtest {

// The error is "FILE:LINE: what is wrong".
std::expected<LoadWords, std::string> read_load_scenario(const std::string& file);

}  // namespace ringway::loadtest
