#include "shards/cli/check.h"

#include <fmt/core.h>

#include "config/explain.h"
#include "config/load.h"
#include "config/reference.h"

namespace ringway::shards::cli {

namespace {

Answer print_keys(std::string_view format_name) {
    const auto format = config::reference_format(format_name);
    if (format) return {.out = config::reference(*format)};
    return {
        .exit = Exit::refused,
        .err = fmt::format("ringway: --keys takes tsv, man or markdown, not '{}'\n", format_name)};
}

}  // namespace

Answer check(const CheckOptions& options) {
    if (!options.keys.empty()) return print_keys(options.keys);
    const auto loaded = config::load_file(options.file);
    if (!loaded) return refusal(loaded.error());
    if (options.explain) return {.out = config::explain(*loaded)};
    return {.out = fmt::format("{}: ok\n", options.file)};
}

}  // namespace ringway::shards::cli
