// What a verb of the command line has to say, and how it ended. Verbs return an Answer instead of
// printing, so that a test reads what a person would; `main` prints it. The numbers are a contract
// with scripts and service managers and are in `ringway --help`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringway::shards::cli {

enum class Exit : std::uint8_t {
    ok = 0,
    failed = 1,   // It could not be done, or something is lacking.
    refused = 2,  // The command line or the configuration is wrong.
};

struct Answer {
    Exit exit = Exit::ok;
    std::string out = {};  // For standard output.
    std::string err = {};  // For standard error.
};

// What is wrong with a configuration, as config::load says it.
Answer refusal(const std::vector<std::string>& lines);

}  // namespace ringway::shards::cli
