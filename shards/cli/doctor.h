// `ringway doctor`: what this kernel, its limits and this container allow, and the command that
// mends each lack. It judges for a configuration where one is given, otherwise for the defaults.
// `lack` is what keeps ringway from running or from what the configuration promises, and makes the
// exit status 1; `hint` is what would be better otherwise. `examine` is pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "shards/cli/answer.h"
#include "shards/cli/machine.h"

namespace ringway::shards::cli {

struct Finding {
    enum class Verdict : std::uint8_t { ok, hint, lack };

    Verdict verdict = Verdict::ok;
    std::string text;
    std::string cure = {};  // A command, or what to change. Empty when all is well.
};

std::vector<Finding> examine(const Machine& machine, const config::Config& config);

struct DoctorOptions {
    std::string file;  // Empty: the defaults.
};

Answer doctor(const DoctorOptions& options);

}  // namespace ringway::shards::cli
