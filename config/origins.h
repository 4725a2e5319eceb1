// Where in the file each setting was written. A path here names an element, "group[0].name", where
// the key table names all of them, "group[].name". What is not in it was not written: the default
// holds. Filled by the reader, read by `check` and `--explain`, owned by the result of a load.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/toml_node.h"

namespace ringway::config {

class Origins {
public:
    void add(std::string path, Position at) { positions_.emplace(std::move(path), at); }

    std::optional<Position> of(std::string_view path) const {
        const auto found = positions_.find(path);
        return found == positions_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    std::map<std::string, Position, std::less<>> positions_;
};

}  // namespace ringway::config
