// `ringway check`: reads a configuration as `run` would and says everything that is wrong with it,
// one line per error. It starts nothing, and asks nothing of the machine, so that a file can be
// checked where it is written. With --explain it prints what holds; --keys prints the key table.
#pragma once

#include <string>

#include "shards/cli/answer.h"

namespace ringway::shards::cli {

struct CheckOptions {
    std::string file = {};
    bool explain = false;
    std::string keys = {};  // A format of config::reference. Then no file is read.
};

Answer check(const CheckOptions& options);

}  // namespace ringway::shards::cli
