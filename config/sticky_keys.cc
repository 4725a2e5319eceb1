#include "config/sticky_keys.h"

#include <fmt/core.h>

#include "config/side_file.h"

namespace ringway::config {

void read_sticky_keys(std::string_view file_name, Loaded& loaded, std::vector<Problem>& problems) {
    for (std::size_t i = 0; i < loaded.config.groups.size(); i++) {
        Group& group = loaded.config.groups[i];
        const std::string& file = group.sticky.key_file;
        if (file == http::drawn_key) continue;
        const auto text = read_side_file(file_name, file, sticky_key_file_bytes_max);
        std::string problem;
        if (text) group.sticky_keys = http::parse_sticky_keys(*text, problem);
        if (!text) problem = text.error();
        if (problem.empty()) continue;
        const auto at = loaded.origins.of(fmt::format("group[{}].sticky.key_file", i));
        problems.push_back(
            {at.value_or(Position{}),
             fmt::format("no keys from \"{}\": {}; \"openssl rand -hex 16\" makes one", file,
                         problem)});
    }
}

}  // namespace ringway::config
