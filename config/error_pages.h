// The files that [errors] names, read when the configuration is loaded, so that a page is there
// when it is needed and a wrong name is told at once. Names are relative to the configuration's
// folder. Called by `load_file`; any thread; reads the disk.
#pragma once

#include <string_view>
#include <vector>

#include "config/load.h"

namespace ringway::config {

inline constexpr std::size_t error_page_bytes_max = 32'768;

// `file_name` is the configuration's.
void read_error_pages(std::string_view file_name, Loaded& loaded, std::vector<Problem>& problems);

}  // namespace ringway::config
