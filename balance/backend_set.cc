#include "balance/backend_set.h"

#include <algorithm>

#include "core/check.h"

namespace ringway::balance {

BackendSet::BackendSet(std::span<const Backend> backends)
    : backends_(backends.begin(), backends.end()),
      factors_(backends.size(), 1),
      blocks_(backends.size()),
      open_(backends.size()) {
    CHECK(!backends.empty());
    for (std::size_t i = 0; i < backends.size(); i++) open_.insert(i);
}

void BackendSet::block(std::size_t i, Block block) {
    const auto bits = static_cast<std::uint8_t>(blocks_[i] | static_cast<unsigned>(block));
    if (((bits ^ blocks_[i]) & lasting_blocks) != 0) version_++;
    blocks_[i] = bits;
    open_.erase(i);
}

void BackendSet::unblock(std::size_t i, Block block) {
    const auto bits = static_cast<std::uint8_t>(blocks_[i] & ~static_cast<unsigned>(block));
    if (((bits ^ blocks_[i]) & lasting_blocks) != 0) version_++;
    blocks_[i] = bits;
    if (bits == 0) open_.insert(i);
}

void BackendSet::set_factor(std::size_t i, float factor) {
    CHECK(factor >= 0 && factor <= 1);
    if (factors_[i] == factor) return;
    factors_[i] = factor;
    version_++;
}

void BackendSet::set_weight(std::size_t i, float weight) {
    CHECK(weight >= 0);
    if (backends_[i].weight == weight) return;
    backends_[i].weight = weight;
    version_++;
}

double BackendSet::Strength::part(const CohortRules& rules) const {
    if (standing <= 0) return 0;
    return std::min(1.0, standing / configured / rules.overflow_below);
}

BackendSet::Strength BackendSet::strength(const Cohort& cohort) const {
    Strength strength;
    for (std::size_t i = 0; i < backends_.size(); i++) {
        if (!is_in(cohort, i)) continue;
        strength.configured += backends_[i].weight;
        if (factors_[i] > 0) strength.standing += standing_weight(i);
    }
    return strength;
}

std::vector<Cohort> BackendSet::cohorts(const CohortRules& rules) const {
    std::vector<std::uint32_t> tiers;
    for (const Backend& backend : backends_) tiers.push_back(backend.tier);
    std::ranges::sort(tiers);
    tiers.erase(std::ranges::unique(tiers).begin(), tiers.end());

    std::vector<Cohort> cohorts;
    double left = 1;
    for (const std::uint32_t tier : tiers) {
        Cohort cohort{.tier = tier};
        cohort.share = std::min(left, strength(cohort).part(rules));
        left -= cohort.share;
        if (cohort.share > 0) split_by_zone(cohort, rules, cohorts);
    }
    // When no tier is whole, the weak ones carry all of it together.
    for (Cohort& cohort : cohorts) cohort.share /= 1 - left;
    return cohorts;
}

void BackendSet::split_by_zone(const Cohort& tier, const CohortRules& rules,
                               std::vector<Cohort>& cohorts) const {
    Cohort own = tier;
    own.has_zones = true;
    Cohort others = own;
    others.is_local = false;
    const Strength far = strength(others);
    if (!rules.prefers_own_zone || far.standing <= 0 || strength(own).standing <= 0) {
        cohorts.push_back(tier);
        return;
    }
    own.share = tier.share * strength(own).part(rules);
    others.share = tier.share - own.share;
    cohorts.push_back(own);
    if (others.share > 0) cohorts.push_back(others);
}

}  // namespace ringway::balance
