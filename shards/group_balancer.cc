#include "shards/group_balancer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "balance/ip_hash.h"
#include "core/hash.h"
#include "http/cookies.h"

namespace ringway::shards {

namespace {

using balance::Algorithm;
using balance::Block;

// Above every tier that can be configured.
constexpr std::uint32_t backup_tier = 16;

std::vector<balance::Backend> backends_of(const config::Group& group, const std::string& zone) {
    std::vector<balance::Backend> backends;
    for (const config::Backend& backend : group.backends) {
        backends.push_back({.identity = core::hash64(backend.address.text()),
                            .weight = static_cast<float>(backend.weight),
                            .tier = backend.backup ? backup_tier : backend.tier,
                            .is_local = zone.empty() || backend.zone == zone});
    }
    return backends;
}

std::vector<std::string> names_of(const config::Group& group) {
    std::vector<std::string> names;
    for (const config::Backend& backend : group.backends) names.push_back(backend.address.text());
    return names;
}

balance::LoadView::Options load_options_of(const GroupBalancer::Options& options) {
    const bool is_peak = options.group.balancing.algorithm == Algorithm::peak_ewma;
    return {.backends = options.group.backends.size(),
            .shards = options.shard_count,
            .own = options.shard,
            .interval = options.shards.snapshot_interval,
            .latency = is_peak ? balance::LatencyKind::peak : balance::LatencyKind::mean};
}

}  // namespace

GroupTables tables_of(const config::Config& config) {
    GroupTables tables;
    for (const config::Group& group : config.groups) {
        const balance::Settings settings = group.balancing.settings();
        tables.emplace_back();
        if (!balance::is_hash(settings.algorithm)) continue;
        const balance::BackendSet set{backends_of(group, config.shards.zone)};
        tables.back().emplace(set, settings);
    }
    return tables;
}

GroupBalancer::GroupBalancer(const Options& options)
    : group_(options.group),
      settings_(options.group.balancing.settings()),
      set_(backends_of(options.group, options.shards.zone)),
      load_(load_options_of(options)),
      picker_(set_, settings_, options.seed, options.tables),
      settle_interval_(options.shards.snapshot_interval / 4),
      prng_(options.seed),
      recoveries_(options.group.backends.size()),
      weights_(options.group.backends.size()) {
    due_.reserve(options.group.backends.size());
    if (group_.balancing.n_minus_one) headroom_.emplace(group_.backends.size());
    if (!group_.sticky.cookie.empty()) {
        sticky_.emplace(group_.sticky, group_.sticky_keys, names_of(group_));
    }
}

std::optional<GroupBalancer::Choice> GroupBalancer::choose(const http::Selection& selection,
                                                           std::span<const std::uint32_t> failed,
                                                           const Moment& moment) {
    refresh(moment.now);
    if (const auto kept = sticky_backend(selection, moment.since_1970);
        kept && std::ranges::find(failed, kept->backend) == failed.end()) {
        return Choice{.backend = kept->backend, .sets_cookie = kept->is_due};
    }
    const balance::PickRequest request{
        .key = key_of(selection), .excluded = failed, .now = moment.now};
    const balance::Choice picked = picker_.pick(set_, load_, request, prng_);
    if (!picked) return {};
    return Choice{.backend = *picked, .sets_cookie = sticky_.has_value()};
}

// Draining backends keep their sessions; who cannot be asked loses them.
std::optional<http::StickyCookie::Reading> GroupBalancer::sticky_backend(
    const http::Selection& selection, core::Duration since_1970) const {
    if (!sticky_ || selection.head == nullptr) return {};
    const auto value = http::find_cookie(*selection.head, sticky_->name());
    if (!value) return {};
    const auto reading = sticky_->read(*value, since_1970);
    if (!reading) return {};
    const unsigned against = set_.blocks()[reading->backend];
    if ((against & ~static_cast<unsigned>(Block::draining)) != 0) return {};
    return reading;
}

// A request without the key, or from a client without a network, may go anywhere.
std::uint64_t GroupBalancer::key_of(const http::Selection& selection) {
    if (!balance::is_hash(settings_.algorithm)) return 0;
    if (selection.head == nullptr || selection.client == nullptr) return prng_();
    const std::span<const std::uint8_t> host = selection.client->host_bytes();
    const std::uint64_t client = host.empty() ? prng_() : balance::ip_key(host, settings_.prefixes);
    if (settings_.algorithm == Algorithm::ip_hash) return client;
    const std::optional<std::uint64_t> key = group_.balancing.key.hash(*selection.head, client);
    return key ? *key : prng_();
}

void GroupBalancer::on_answered(std::size_t backend, core::Duration latency, core::Instant now) {
    load_.observe(backend, latency, now);
    recoveries_[backend].answered++;
}

// --- What speaks against them -------------------------------------------------------------------

void GroupBalancer::set_full(std::size_t backend, bool is_full) {
    is_full ? set_.block(backend, Block::full) : set_.unblock(backend, Block::full);
}

void GroupBalancer::back_off(std::size_t backend, core::Instant until) {
    recoveries_[backend].due_at = until;
    next_due_ = std::min(next_due_, until);
    set_.block(backend, Block::backing_off);
}

void GroupBalancer::on_reachable(std::size_t backend, core::Instant now) {
    if (set_.has(backend, Block::backing_off)) come_back(backend, now);
}

void GroupBalancer::come_back(std::size_t backend, core::Instant now) {
    set_.unblock(backend, Block::backing_off);
    if (!has_slow_start()) return;
    Recovery& recovery = recoveries_[backend];
    if (!std::exchange(recovery.is_slow, true)) slow_count_++;
    recovery.came_back = now;
    recovery.answered = 0;
    set_.set_factor(backend, balance::slow_start_factor(settings_.slow_start, {}));
}

bool GroupBalancer::has_slow_start() const {
    return settings_.slow_start.window.count() > 0 || settings_.slow_start.requests > 0;
}

// --- Before a pick, once a tick
// --------------------------------------------------------------------------------

void GroupBalancer::refresh(core::Instant now) {
    if (refreshed_at_ == now) return;
    refreshed_at_ = now;
    if (now >= next_due_) end_back_offs(now);
    if (slow_count_ > 0 && now >= slow_advanced_at_ + slow_start_interval) advance_slow_starts(now);
    if (hears_of_others() && now >= load_settled_at_ + settle_interval_) {
        load_settled_at_ = now;
        load_.settle(now);
    }
    picker_.settle(set_, load_, now);
    if (now >= sampled_at_ + sample_interval) sample(now);
}

// Who was dead is likely to be dead still. While others can be asked it is knocked at; when nobody
// can, requests have nothing to lose.
void GroupBalancer::end_back_offs(core::Instant now) {
    next_due_ = core::Instant::max();
    for (std::size_t i = 0; i < recoveries_.size(); i++) {
        if (!set_.has(i, Block::backing_off)) continue;
        core::Instant& due_at = recoveries_[i].due_at;
        if (due_at <= now && !set_.open().next(0)) {
            come_back(i, now);
        } else if (due_at <= now) {
            due_at = core::Instant::max();
            due_.push_back(i);
        } else {
            next_due_ = std::min(next_due_, due_at);
        }
    }
}

std::optional<std::size_t> GroupBalancer::take_due() {
    if (due_.empty()) return {};
    const std::size_t backend = due_.back();
    due_.pop_back();
    return backend;
}

void GroupBalancer::advance_slow_starts(core::Instant now) {
    slow_advanced_at_ = now;
    for (std::size_t i = 0; i < recoveries_.size(); i++) {
        Recovery& recovery = recoveries_[i];
        if (!recovery.is_slow) continue;
        const float factor = balance::slow_start_factor(
            settings_.slow_start,
            {.time = now - recovery.came_back, .requests = recovery.answered});
        set_.set_factor(i, factor);
        if (factor < 1) continue;
        recovery.is_slow = false;
        slow_count_--;
    }
}

void GroupBalancer::sample(core::Instant now) {
    sampled_at_ = now;
    for (std::size_t i = 0; i < weights_.size(); i++) weights_[i] = set_.weight_in_force(i);
    imbalance_.set(static_cast<std::int64_t>(load_.imbalance(weights_) * 1'000));
    const core::Duration age = hears_of_others() ? load_.age(now) : core::Duration{};
    snapshot_age_.set(std::chrono::duration_cast<std::chrono::microseconds>(age).count());
    if (!headroom_) return;
    headroom_->sample(load_.in_flight(), now);
    if (now < headroom_shown_at_ + headroom_interval) return;
    headroom_shown_at_ = now;
    n_minus_one_.set(std::lround(headroom_->n_minus_one() * 1'000));
}

bool GroupBalancer::shares_load() const {
    switch (settings_.algorithm) {
        case Algorithm::least_connections:
        case Algorithm::power_of_two:
        case Algorithm::least_time:
        case Algorithm::peak_ewma:
            return true;
        case Algorithm::ip_hash:
        case Algorithm::ring_hash:
        case Algorithm::maglev:
            return settings_.load_bound > 0;
        case Algorithm::round_robin:
        case Algorithm::random:
        case Algorithm::first:
            return false;
    }
    return false;
}

}  // namespace ringway::shards
