// What a load is to be: whom it asks, for what, through how many connections, how often and how
// long. The command line and the scenario file fill this in; everything that runs only reads it.
// Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/clock.h"
#include "loadtest/load/arrivals.h"
#include "loadtest/load/request.h"

namespace ringway::loadtest {

struct LoadOptions {
    std::string url;  // For the report.
    core::Address target;
    std::vector<LoadRequest> requests;

    std::string handshake;  // To WebSocket; empty: HTTP is spoken.

    std::uint32_t connections = 10;
    std::uint32_t threads = 1;
    double active = 1;                        // The share of them that asks; the others are held.
    std::vector<core::Address> sources = {};  // Where connections come from; empty: as usual.
    std::uint32_t receive_buffer = 0;         // Of a socket, in bytes; 0: as usual.
    bool keeps_alive = true;                  // No: a connection per request.
    std::uint64_t first_number = 0;           // Of requests, where they are numbered.

    double rate = 0;  // Per second, all together; 0: a closed loop.
    ArrivalKind arrivals = ArrivalKind::even;
    std::uint64_t seed = 1;

    core::Duration warm_up{0};
    core::Duration duration = std::chrono::seconds(10);
    core::Duration timeout = std::chrono::seconds(10);
    core::Duration ramp_max = std::chrono::seconds(60);  // Until all connections stand.
    core::Duration grace = std::chrono::seconds(2);      // For answers on their way at the end.

    std::string json;  // A file, "-" for standard output; empty: none.
    bool quiet = false;
};

}  // namespace ringway::loadtest
