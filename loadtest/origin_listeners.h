// Opens the sockets of a fleet: `count` backends on consecutive ports. With port 0 it looks for
// that many free ports in a row. Used at start, by the thread that makes the Origin.
// Descriptors that could not all be had are closed again.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "core/address.h"

namespace ringway::loadtest {

struct Listening {
    int fd = -1;
    core::Address address;
};

// The error says, in a line for a person, what could not be opened and who has it.
std::expected<std::vector<Listening>, std::string> open_listeners(const core::Address& first,
                                                                  std::uint32_t count);

}  // namespace ringway::loadtest
