// What must hold between settings that are each right by themselves: names and addresses that occur
// once, limits that fit one another. It judges only what was taken from the file (what was refused
// has been told), and it adds to the problems, so that one reading tells them all. Pure; any
// thread.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/origins.h"

namespace ringway::config {

void validate(const Config& config, const Origins& origins, std::vector<Problem>& problems);

}  // namespace ringway::config
