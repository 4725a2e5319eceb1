// `ringway run`: reads the configuration and serves until told to stop. A configuration with errors
// is refused with every one of them before anything is opened. Main thread; it becomes the control
// thread.
#pragma once

#include <string>

#include "shards/cli/answer.h"

namespace ringway::shards::cli {

Answer run_verb(const std::string& file);

}  // namespace ringway::shards::cli
