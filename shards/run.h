// `ringway run`: the process from start to end. Starts the fleet, then is the control thread:
// it waits for signals and for what the shards report, with a ring of its own, and never touches
// a request.
#pragma once

#include "config/config.h"

namespace ringway::shards {

// The exit code: 0 after an orderly end, 1 when it could not start or had to cut exchanges short.
int run(const config::Config& config);

}  // namespace ringway::shards
