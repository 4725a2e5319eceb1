// The keys of sticky cookies, from the files that groups name. Called by `load_file`; any thread;
// reads the disk.
#pragma once

#include <string_view>
#include <vector>

#include "config/load.h"

namespace ringway::config {

inline constexpr std::size_t sticky_key_file_bytes_max = 65'536;

// `file_name` is the configuration's.
void read_sticky_keys(std::string_view file_name, Loaded& loaded, std::vector<Problem>& problems);

}  // namespace ringway::config
