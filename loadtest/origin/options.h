// What ringway-origin is asked for, on its command line or in a scenario file. The two say the same
// things in the same words (`OriginWords`); where both speak, the command line holds. Understanding
// makes one Settings per backend of them.
// Made once, before anything runs.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "loadtest/origin/settings.h"

namespace ringway::loadtest {

// As they were written.
struct OriginWords {
    std::string listen = "127.0.0.1:9000";
    std::string control = {};    // Empty: none.
    std::string log_bytes = {};  // Empty: they are not logged.
    std::uint32_t backends = 1;
    std::uint64_t seed = 1;
    bool json = false;
    bool processes = false;
    std::vector<std::string> settings = {};  // "name=value", for all.
    std::vector<std::string> for_one = {};   // "3:name=value,name=value".
};

struct OriginOptions {
    core::Address listen;
    std::optional<core::Address> control = {};
    std::vector<Settings> backends = {};
    std::uint64_t seed = 1;
    bool json = false;
    bool processes = false;
    std::string log_bytes = {};
};

// One backend of a fleet of processes: the descriptors it was given, and which one it is. The
// parent says so in words that no person writes, "BOARD:LISTENER:NUMBER".
struct OriginChild {
    int board_fd = -1;
    int listen_fd = -1;
    std::uint32_t number = 0;
    std::uint32_t parent = 0;  // Its process: a child does not outlive it.

    std::string text() const;
    static std::optional<OriginChild> parse(std::string_view text);
};

// The error is a line that says what is wrong.
std::expected<OriginOptions, std::string> understand(const OriginWords& words);

}  // namespace ringway::loadtest
