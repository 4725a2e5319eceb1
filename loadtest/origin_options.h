// The command line of ringway-origin, and what it asks for. Everything about how backends behave
// is one Settings per backend, whether it came from the command line or a scenario file.
// Made once, before anything runs.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "loadtest/origin_settings.h"

namespace ringway::loadtest {

struct OriginOptions {
    core::Address listen;
    std::optional<core::Address> control;
    std::vector<Settings> backends;
    std::uint64_t seed = 1;
    bool json = false;
    bool processes = false;
    std::string log_bytes = {};

    // One backend of a fleet of processes: descriptors it was given, and which one it is. The
    // parent says so on a command line that no person writes.
    struct Child {
        int board_fd = -1;
        int listen_fd = -1;
        std::uint32_t number = 0;
    };
    std::optional<Child> child = {};
};

// The options, or the status to exit with: help was printed, or what is wrong with them.
std::expected<OriginOptions, int> read_command_line(int argc, char** argv);

}  // namespace ringway::loadtest
