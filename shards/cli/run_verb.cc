#include "shards/cli/run_verb.h"

#include "config/load.h"
#include "shards/run.h"

namespace ringway::shards::cli {

Answer run_verb(const std::string& file) {
    const config::LoadResult loaded = config::load_file(file);
    if (!loaded) return refusal(loaded.error());
    return {.exit = run(loaded->config) == 0 ? Exit::ok : Exit::failed};
}

}  // namespace ringway::shards::cli
