#include "balance/explain_pick.h"

#include <algorithm>

#include "balance/bounded_load.h"

namespace ringway::balance {
namespace {

constexpr std::size_t tried_in_flight_max = 10'000;

void add(PickCandidate& candidate, Against against) {
    candidate.against =
        static_cast<std::uint8_t>(candidate.against | static_cast<unsigned>(against));
}

// The part that has the backend, with a weight. Null: none has.
const Picker::Part* part_of(const Picker& picker, std::size_t i) {
    const auto parts = picker.parts();
    const auto found =
        std::ranges::find_if(parts, [&](const Picker::Part& part) { return part.weights[i] > 0; });
    return found == parts.end() ? nullptr : &*found;
}

std::optional<float> score_of(const PickToExplain& asked, const Picker::Part& part, std::size_t i) {
    switch (asked.picker.settings().algorithm) {
        case Algorithm::least_connections:
        case Algorithm::least_time:
        case Algorithm::peak_ewma:
            return part.least->score(i, asked.load, asked.now);
        case Algorithm::power_of_two:
            return (asked.load.in_flight(i) + 1) / part.weights[i];
        case Algorithm::round_robin:
        case Algorithm::random:
        case Algorithm::ip_hash:
        case Algorithm::ring_hash:
        case Algorithm::maglev:
        case Algorithm::first:
            return {};
    }
    return {};
}

bool is_at_bound(const PickToExplain& asked, const Picker::Part& part, std::size_t i) {
    const Settings& settings = asked.picker.settings();
    if (!is_hash(settings.algorithm)) return false;
    const BoundedLoad bound{.factor = settings.load_bound, .total_weight = part.total_weight};
    return !has_room(bound, i, asked.set.backend(i).weight, asked.load);
}

PickCandidate candidate_of(const PickToExplain& asked, std::size_t i) {
    PickCandidate candidate{.weight = asked.set.backend(i).weight,
                            .weight_in_force = asked.set.weight_in_force(i),
                            .own_in_flight = asked.load.own_in_flight(i),
                            .others_in_flight = asked.load.others_in_flight(i),
                            .latency_us = asked.load.latency_us(i, asked.now),
                            .blocks = asked.set.blocks()[i]};
    if (std::ranges::find(asked.excluded, i) != asked.excluded.end()) {
        add(candidate, Against::tried);
    }
    if (asked.picker.is_held_back(i)) add(candidate, Against::slow_start);
    if (const Picker::Part* part = part_of(asked.picker, i)) {
        candidate.score = score_of(asked, *part, i);
        if (is_at_bound(asked, *part, i)) add(candidate, Against::load_bound);
    } else if (candidate.weight_in_force > 0) {
        add(candidate, Against::standby);
    } else if ((candidate.blocks & lasting_blocks) == 0) {
        add(candidate, Against::no_weight);
    }
    return candidate;
}

void find_shares(const PickToExplain& asked, std::vector<PickCandidate>& candidates) {
    Picker picker = asked.picker;
    LoadView load = asked.load;
    core::Prng prng{asked.seed};
    std::vector<std::uint32_t> in_flight(
        std::min(candidates.size() * tried_in_flight_each, tried_in_flight_max));
    std::vector<std::uint32_t> picks(candidates.size());
    for (std::uint32_t n = 0; n < asked.tries; n++) {
        std::uint32_t& oldest = in_flight[n % in_flight.size()];
        if (n >= in_flight.size()) load.end(oldest);
        const Choice picked = picker.pick(
            asked.set, load, {.key = prng(), .excluded = asked.excluded, .now = asked.now}, prng);
        if (!picked) return;  // Nobody: not the next time either, for nothing changes but load.
        oldest = static_cast<std::uint32_t>(*picked);
        load.begin(*picked);
        picks[*picked]++;
    }
    for (std::size_t i = 0; i < candidates.size(); i++) {
        candidates[i].share = static_cast<double>(picks[i]) / asked.tries;
    }
}

Choice picked_now(const PickToExplain& asked) {
    if (is_hash(asked.picker.settings().algorithm) && !asked.key) return {};
    Picker picker = asked.picker;
    core::Prng prng{asked.seed};
    const PickRequest request{
        .key = asked.key.value_or(0), .excluded = asked.excluded, .now = asked.now};
    return picker.pick(asked.set, asked.load, request, prng);
}

}  // namespace

std::string_view name_of(Against against) {
    switch (against) {
        case Against::no_weight:
            return "no_weight";
        case Against::tried:
            return "tried";
        case Against::standby:
            return "standby";
        case Against::slow_start:
            return "slow_start";
        case Against::load_bound:
            return "load_bound";
    }
    return "unknown";
}

PickExplanation explain_pick(const PickToExplain& as_it_stands) {
    // As the next tick would find it.
    Picker settled = as_it_stands.picker;
    settled.settle(as_it_stands.set, as_it_stands.load, as_it_stands.now);
    const PickToExplain asked{.set = as_it_stands.set,
                              .load = as_it_stands.load,
                              .picker = settled,
                              .key = as_it_stands.key,
                              .excluded = as_it_stands.excluded,
                              .now = as_it_stands.now,
                              .seed = as_it_stands.seed,
                              .tries = as_it_stands.tries};
    PickExplanation explanation;
    for (std::size_t i = 0; i < asked.set.size(); i++) {
        explanation.candidates.push_back(candidate_of(asked, i));
    }
    find_shares(asked, explanation.candidates);
    explanation.picked = picked_now(asked);
    return explanation;
}

}  // namespace ringway::balance
