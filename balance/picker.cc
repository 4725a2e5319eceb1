#include "balance/picker.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "balance/hash_mix.h"
#include "balance/power_of_two.h"
#include "balance/random_pick.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

// Up to here a round robin may look at all of them.
constexpr std::size_t turns_max = 64;
// Weights are whole numbers in turns; a factor of slow start is a fraction of this.
constexpr float turn_scale = 256;
// So many rows beyond those that changed are looked at per settle: latencies fade with time.
constexpr std::size_t latencies_per_settle = 8;
// Which part of the tiers a key falls into has nothing to do with where in the table it falls.
constexpr std::uint64_t tier_salt = 0x7469'6572;

bool compares_time(Algorithm algorithm) {
    return algorithm == Algorithm::least_time || algorithm == Algorithm::peak_ewma;
}

bool compares_all(Algorithm algorithm) {
    return algorithm == Algorithm::least_connections || compares_time(algorithm);
}

// A small weight starves while there is little load, so these are slowed by allowance instead.
bool is_ramped(Algorithm algorithm) {
    return compares_all(algorithm) || algorithm == Algorithm::power_of_two ||
           algorithm == Algorithm::first;
}

bool is_same(const Cohort& a, const Cohort& b) {
    return a.tier == b.tier && a.is_local == b.is_local && a.has_zones == b.has_zones;
}

}  // namespace

// What a pick carries through its attempts.
struct Picker::Question {
    const BackendSet& set;
    const LoadView& load;
    const PickRequest& request;
    core::Prng& prng;
    const OpenSet& open;

    Question loosened(const OpenSet& looser) const { return {set, load, request, prng, looser}; }
};

Picker::Picker(const BackendSet& set, const Settings& settings, std::uint64_t start,
               const HashTables* shared)
    : settings_(settings), start_(start), shared_tables_(shared), ramp_(set.size()) {
    if (is_hash(settings_.algorithm)) {
        // Zones are ignored: every ringway shall answer alike, wherever it stands.
        settings_.cohorts.prefers_own_zone = false;
    }
    rebuild_parts(set);
}

void Picker::settle(const BackendSet& set, const LoadView& load, core::Instant now) {
    if (version_ != set.version()) rebuild_parts(set);
    if (compares_all(settings_.algorithm)) update_latencies(load, now);
}

void Picker::rebuild_parts(const BackendSet& set) {
    version_ = set.version();
    if (is_hash(settings_.algorithm)) renew_tables(set);
    std::vector<Part> old = std::exchange(parts_, {});
    double until = 0;
    for (const Cohort& cohort : set.cohorts(settings_.cohorts)) {
        const auto kept = std::ranges::find_if(
            old, [&](const Part& part) { return is_same(part.cohort, cohort); });
        Part& part =
            kept != old.end() ? parts_.emplace_back(std::move(*kept)) : parts_.emplace_back();
        part.cohort = cohort;
        until += cohort.share;
        part.until = until;
        fill(set, part);
    }
    if (!is_ramped(settings_.algorithm)) return;
    std::vector<float> weights;
    std::vector<float> factors;
    for (std::size_t i = 0; i < set.size(); i++) {
        weights.push_back(set.standing_weight(i));
        factors.push_back(set.factor(i));
    }
    ramp_.set(weights, factors);
}

// Health does not touch the tables: hardly ever are they made again.
void Picker::renew_tables(const BackendSet& set) {
    if (shared_tables_ != nullptr && shared_tables_->are_of(set)) return own_tables_.reset();
    if (!own_tables_ || !own_tables_->are_of(set)) own_tables_.emplace(set, settings_);
}

void Picker::fill(const BackendSet& set, Part& part) {
    part.weights.assign(set.size(), 0);
    part.total_weight = 0;
    for (std::size_t i = 0; i < set.size(); i++) {
        if (!set.is_in(part.cohort, i) || set.factor(i) <= 0) continue;
        part.weights[i] =
            is_ramped(settings_.algorithm) ? set.standing_weight(i) : set.weight_in_force(i);
        part.total_weight += part.weights[i];
    }
    switch (settings_.algorithm) {
        case Algorithm::round_robin:
            fill_turns(part);
            break;
        case Algorithm::random:
        case Algorithm::power_of_two:
            part.by_weight.build(part.weights);
            break;
        case Algorithm::least_connections:
        case Algorithm::least_time:
        case Algorithm::peak_ewma:
            if (!part.least) part.least.emplace(set.size());
            part.least->set_weights(part.weights);
            break;
        case Algorithm::ip_hash:
        case Algorithm::ring_hash:
        case Algorithm::maglev:
        case Algorithm::first:
            break;
    }
}

void Picker::fill_turns(Part& part) {
    std::vector<std::uint32_t> turns;
    for (const float weight : part.weights) {
        const auto scaled = static_cast<std::uint32_t>(std::lround(weight * turn_scale));
        turns.push_back(weight > 0 ? std::max(scaled, 1U) : 0);
    }
    if (turns.size() > turns_max) {
        if (part.deadlines) return part.deadlines->set_weights(turns);
        part.deadlines.emplace(turns, start_);
    } else {
        if (part.turns) return part.turns->set_weights(turns);
        part.turns.emplace(turns, start_);
    }
}

void Picker::update_latencies(const LoadView& load, core::Instant now) {
    const bool is_needed = compares_time(settings_.algorithm) || load.has_others();
    if (!is_needed || load.latency_us() <= 0) return;
    const auto update = [&](std::size_t i) {
        // An answer that takes less than a microsecond is not told apart from one that takes one.
        const float latency_us = std::max(load.latency_us(i, now), 1.0F);
        const float pace = load.pace(latency_us);
        for (Part& part : parts_) {
            if (compares_time(settings_.algorithm)) part.least->set_price(i, latency_us);
            part.least->set_pace(i, pace);
        }
    };
    for (const std::uint32_t i : load.changed()) update(i);
    for (std::size_t n = std::min(latencies_per_settle, load.size()); n > 0; n--) {
        update(next_latency_);
        next_latency_ = (next_latency_ + 1) % load.size();
    }
}

Choice Picker::pick(const BackendSet& set, const LoadView& load, const PickRequest& request,
                    core::Prng& prng) {
    const OpenSet open{set.blocks(), request.excluded, ramp_.is_active() ? &ramp_ : nullptr};
    const Question question{set, load, request, prng, open};
    // Nearly always there is one part.
    Choice picked = parts_.size() == 1 ? pick_in(parts_.front(), question) : pick_open(question);
    if (!picked && open.has_ramp()) picked = pick_open(question.loosened(open.without_ramp()));
    if (!picked) picked = pick_standby(question.loosened(open.without_ramp()));
    if (!picked && open.has_exclusion()) {
        picked = pick_open(question.loosened(open.excluding_last()));
        if (!picked) picked = pick_open(question.loosened(open.without_exclusion()));
    }
    if (!picked) {
        // All are blocked, so the tables may be empty: anybody who is not blocked for good.
        const OpenSet anybody = open.heeding(hard_blocks);
        for (std::size_t i = 0, from = prng.uniform(set.size()); i < set.size() && !picked; i++) {
            const std::size_t candidate = (from + i) % set.size();
            if (anybody.has(candidate) && set.backend(candidate).weight > 0) picked = candidate;
        }
    }
    if (picked && ramp_.is_active()) ramp_.picked(*picked);
    return picked;
}

Choice Picker::pick_open(const Question& question) {
    if (parts_.empty()) return {};
    std::size_t first = 0;
    if (parts_.size() > 1) {
        const double drawn = is_hash(settings_.algorithm)
                                 ? unit(mix(question.request.key, tier_salt))
                                 : question.prng.real();
        while (first + 1 < parts_.size() && drawn >= parts_[first].until) first++;
    }
    for (std::size_t step = 0; step < parts_.size(); step++) {
        const auto picked = pick_in(parts_[(first + step) % parts_.size()], question);
        if (picked) return picked;
    }
    return {};
}

// The parts were made for backends that are there, and all of them have just refused, are full or
// were tried: whoever waits behind them, the lowest tier first, then the own zone, then by weight.
// It is a race in which who has more weight runs faster; for a key it always ends the same way.
Choice Picker::pick_standby(const Question& question) const {
    const auto draw = [&](const Backend& backend) {
        if (!is_hash(settings_.algorithm)) return question.prng.real();
        return unit(mix(question.request.key, backend.identity));
    };
    using Arrival = std::tuple<std::uint32_t, bool, double>;
    Choice first;
    Arrival best;
    for (auto i = question.set.open().next(0); i; i = question.set.open().next(*i + 1)) {
        const Backend& backend = question.set.backend(*i);
        const double weight = static_cast<double>(question.set.weight_in_force(*i));
        if (weight <= 0 || !question.open.has(*i)) continue;
        const bool is_far = settings_.cohorts.prefers_own_zone && !backend.is_local;
        const Arrival arrival{backend.tier, is_far, -std::log(1 - draw(backend)) / weight};
        if (first && arrival >= best) continue;
        first = *i;
        best = arrival;
    }
    return first;
}

Choice Picker::pick_in(Part& part, const Question& question) {
    switch (settings_.algorithm) {
        case Algorithm::round_robin:
            return part.turns ? part.turns->pick(question.open)
                              : part.deadlines->pick(question.open);
        case Algorithm::random:
            return pick_random(part.by_weight, part.weights, question.open, question.prng);
        case Algorithm::power_of_two:
            return pick_of_two(part.by_weight, part.weights, question.load, question.open,
                               question.prng);
        case Algorithm::least_connections:
        case Algorithm::least_time:
        case Algorithm::peak_ewma:
            return part.least->pick(question.load, question.open, question.request.now,
                                    question.prng);
        case Algorithm::ip_hash:
        case Algorithm::ring_hash:
        case Algorithm::maglev:
            return pick_hashed(part, question);
        case Algorithm::first:
            return pick_first(part, question);
    }
    return {};
}

Choice Picker::pick_first(const Part& part, const Question& question) const {
    std::optional<std::size_t> next = question.set.open().next(0);
    while (next && (part.weights[*next] <= 0 || !question.open.has(*next))) {
        next = question.set.open().next(*next + 1);
    }
    return next ? Choice{*next} : Choice{};
}

Choice Picker::pick_hashed(const Part& part, const Question& question) const {
    const HashPick* table = tables().of_tier(part.cohort.tier);
    if (table == nullptr) return {};
    const HashPick::Request request{
        .key = question.request.key,
        .set = question.set,
        .load = question.load,
        .open = question.open,
        .bound = {.factor = settings_.load_bound, .total_weight = part.total_weight}};
    const Choice picked = table->pick(request);
    if (picked) return picked;
    // Hardly ever. Somebody has room, because bounds are rounded up; then anybody who is open.
    const std::size_t from = question.request.key % part.weights.size();
    for (std::size_t step = 0; step < part.weights.size() && settings_.load_bound > 0; step++) {
        const std::size_t i = (from + step) % part.weights.size();
        if (part.weights[i] <= 0 || !question.open.has(i)) continue;
        if (has_room(request.bound, i, question.set.backend(i).weight, question.load)) return i;
    }
    return first_open(part.weights, from, question.open);
}

}  // namespace ringway::balance
