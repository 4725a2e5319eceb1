#include "balance/slow_start.h"

#include <algorithm>
#include <cmath>

namespace ringway::balance {

float slow_start_factor(const SlowStart& settings, const SinceStart& since) {
    double progress = 1;
    if (settings.window > core::Duration{}) {
        const auto time = static_cast<double>(std::max(since.time, core::Duration{}).count());
        progress = std::min(progress, time / static_cast<double>(settings.window.count()));
    }
    if (settings.requests > 0) {
        const auto answered = static_cast<double>(since.requests);
        progress = std::min(progress, answered / static_cast<double>(settings.requests));
    }
    const auto factor = static_cast<float>(std::pow(progress, settings.shape));
    return std::clamp(factor, settings.least, 1.0F);
}

}  // namespace ringway::balance
