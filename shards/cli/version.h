// Which ringway this is, as `ringway --version` prints it and the start-up log line repeats it. The
// number comes from the build (project VERSION in CMakeLists.txt), nothing else knows it.
// A constant; any thread.
#pragma once

#include <string_view>

namespace ringway::shards::cli {

// "ringway 0.1.0"
std::string_view version_text();

}  // namespace ringway::shards::cli
