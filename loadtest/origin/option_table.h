// What a fleet can be asked for as a whole: options of ringway-origin, and names at the top of its
// scenario file. How the backends behave is another table, `settings_table`, which the control port
// reads too.
// Constants.
#pragma once

#include <array>

#include "loadtest/option.h"
#include "loadtest/origin/options.h"

namespace ringway::loadtest {

inline constexpr std::array fleet_options{
    option<&OriginWords::listen>(
        {"listen", "ADDRESS:PORT",
         "The first backend (127.0.0.1:9000); the others have the ports behind it"}),
    option<&OriginWords::backends>({"backends", "N", "How many there are (1)"}),
    option<&OriginWords::control>(
        {"control", "ADDRESS:PORT", "Where counts and settings are to be had; also --stats"}),
    option<&OriginWords::seed>({"seed", "N", "Of all that is left to chance (1)"}),
    option<&OriginWords::log_bytes>(
        {"log_bytes", "FILE", "Append every byte that backends receive"}),
    option<&OriginWords::processes>({"processes", "", "Each backend is a process of its own"}),
    option<&OriginWords::json>({"json", "", "Print counts and settings as JSON at the end"}),
};

}  // namespace ringway::loadtest
