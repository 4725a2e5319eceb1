#include "shards/cli/version.h"

namespace ringway::shards::cli {

std::string_view version_text() {
    return "ringway " RINGWAY_VERSION;
}

}  // namespace ringway::shards::cli
