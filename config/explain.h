// What a configuration comes down to: the effective value of every setting, and whether it was
// written, and on which line, or is the default. The text is itself a configuration file, which
// loads to the same Config; the notes are its comments. Made from the key table; pure, any thread.
#pragma once

#include <string>

#include "config/load.h"

namespace ringway::config {

std::string explain(const Loaded& loaded);

}  // namespace ringway::config
