#include "balance/hash_tables.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace ringway::balance {

HashTables::HashTables(const BackendSet& set, const Settings& settings) {
    CHECK(is_hash(settings.algorithm));
    std::vector<std::pair<std::uint32_t, std::vector<HashMember>>> members;
    for (std::uint32_t i = 0; i < set.size(); i++) {
        const Backend& backend = set.backend(i);
        sources_.push_back(source_of(backend));
        if (backend.weight <= 0) continue;
        auto found = std::ranges::find_if(
            members, [&](const auto& tier) { return tier.first == backend.tier; });
        if (found == members.end()) found = members.insert(found, {backend.tier, {}});
        found->second.push_back(
            {.identity = backend.identity, .weight = backend.weight, .backend = i});
    }
    for (const auto& [tier, of_tier] : members) {
        if (settings.algorithm == Algorithm::ring_hash) {
            tiers_.push_back({tier, HashPick{RingHash{of_tier, settings.ring_points}}});
        } else {
            tiers_.push_back({tier, HashPick{Maglev{of_tier, settings.maglev_size}}});
        }
    }
}

bool HashTables::are_of(const BackendSet& set) const {
    if (sources_.size() != set.size()) return false;
    for (std::size_t i = 0; i < sources_.size(); i++) {
        if (sources_[i] != source_of(set.backend(i))) return false;
    }
    return true;
}

const HashPick* HashTables::of_tier(std::uint32_t tier) const {
    const auto found = std::ranges::find(tiers_, tier, &Tier::tier);
    return found == tiers_.end() ? nullptr : &found->pick;
}

HashTables::Source HashTables::source_of(const Backend& backend) {
    return {.identity = backend.identity, .tier = backend.tier, .weight = backend.weight};
}

}  // namespace ringway::balance
