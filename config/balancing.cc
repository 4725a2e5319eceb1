#include "config/config.h"

namespace ringway::config {

balance::Settings Balancing::settings() const {
    balance::Settings settings;
    settings.algorithm = algorithm;
    settings.maglev_size = maglev_size;
    settings.ring_points = ring_points;
    settings.load_bound = static_cast<float>(load_bound);
    settings.prefixes = {.v4_bits = static_cast<std::uint8_t>(key_prefix_v4),
                         .v6_bits = static_cast<std::uint8_t>(key_prefix_v6)};
    settings.cohorts.overflow_below = overflow_below;
    settings.slow_start.window = slow_start;
    settings.slow_start.requests = slow_start_requests;
    return settings;
}

}  // namespace ringway::config
