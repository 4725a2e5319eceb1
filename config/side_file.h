// A file that the configuration names: read when the configuration is loaded, so that a wrong name
// is told at once. Names are relative to the configuration's folder. Called by `load_file`; any
// thread; reads the disk.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace ringway::config {

// The whole of it, or why not. It is never waited for what is no file: a pipe would never answer.
std::expected<std::string, std::string> read_side_file(std::string_view config_file,
                                                       const std::string& name,
                                                       std::size_t bytes_max);

}  // namespace ringway::config
