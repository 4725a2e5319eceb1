#include "balance/ramp.h"

#include <algorithm>

#include "core/check.h"

namespace ringway::balance {

void Ramp::set(std::span<const float> weights, std::span<const float> factors) {
    CHECK(weights.size() == allowances_.size() && factors.size() == allowances_.size());
    float largest = 0;
    double in_force = 0;
    for (std::size_t i = 0; i < weights.size(); i++) {
        if (weights[i] <= 0) continue;
        largest = std::max(largest, factors[i]);
        in_force += static_cast<double>(weights[i]) * factors[i];
    }
    is_active_ = false;
    for (std::size_t i = 0; i < weights.size(); i++) {
        Allowance& allowance = allowances_[i];
        const bool is_held = weights[i] > 0 && factors[i] < largest;
        const double amount = allowance.part < 0 ? 0 : available(i);
        const double part = is_held ? static_cast<double>(weights[i]) * factors[i] / in_force : -1;
        allowance = {.part = part, .amount = amount, .counted = picks_};
        is_active_ = is_active_ || is_held;
    }
}

double Ramp::available(std::size_t i) const {
    const Allowance& allowance = allowances_[i];
    const double grown = allowance.part * static_cast<double>(picks_ - allowance.counted);
    return std::min(allowance.amount + grown, amount_max);
}

}  // namespace ringway::balance
