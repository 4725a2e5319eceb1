// `ringway run`: reads the configuration and serves until told to stop.
#pragma once

#include <string>

#include "shards/cli/answer.h"

namespace ringway::shards::cli {

Answer run_verb(const std::string& file);

}  // namespace ringway::shards::cli
