#include "shards/cli/run_verb.h"

#include <sys/random.h>

#include "config/load.h"
#include "core/check.h"
#include "shards/run.h"

namespace ringway::shards::cli {

namespace {

// For groups whose cookies nobody else has to read.
void draw_sticky_keys(config::Config& config) {
    for (config::Group& group : config.groups) {
        if (group.sticky.cookie.empty() || !group.sticky_keys.empty()) continue;
        http::StickyKey& drawn = group.sticky_keys.emplace_back();
        // Up to 256 bytes it neither fails nor falls short once the system has its randomness.
        CHECK(::getrandom(&drawn.key, sizeof drawn.key, 0) == sizeof drawn.key);
    }
}

}  // namespace

Answer run_verb(const std::string& file) {
    config::LoadResult loaded = config::load_file(file);
    if (!loaded) return refusal(loaded.error());
    draw_sticky_keys(loaded->config);
    return {.exit = run(loaded->config) == 0 ? Exit::ok : Exit::failed};
}

}  // namespace ringway::shards::cli
