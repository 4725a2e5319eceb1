#include "balance/algorithm.h"

namespace ringway::balance {

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::round_robin:
            return "round_robin";
        case Algorithm::random:
            return "random";
        case Algorithm::least_connections:
            return "least_connections";
        case Algorithm::power_of_two:
            return "power_of_two";
        case Algorithm::least_time:
            return "least_time";
        case Algorithm::peak_ewma:
            return "peak_ewma";
        case Algorithm::ip_hash:
            return "ip_hash";
        case Algorithm::ring_hash:
            return "ring_hash";
        case Algorithm::maglev:
            return "maglev";
        case Algorithm::first:
            return "first";
    }
    return "unknown";
}

std::optional<Algorithm> algorithm_named(std::string_view name) {
    for (int value = 0; value <= static_cast<int>(Algorithm::first); value++) {
        const auto algorithm = static_cast<Algorithm>(value);
        if (name_of(algorithm) == name) return algorithm;
    }
    return {};
}

bool is_hash(Algorithm algorithm) {
    return algorithm == Algorithm::ip_hash || algorithm == Algorithm::ring_hash ||
           algorithm == Algorithm::maglev;
}

}  // namespace ringway::balance
