#include "shards/cli/answer.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace ringway::shards::cli {

Answer refusal(const std::vector<std::string>& lines) {
    return {.exit = Exit::refused, .err = fmt::format("{}\n", fmt::join(lines, "\n"))};
}

}  // namespace ringway::shards::cli
