#include "balance/load_view.h"

#include <algorithm>
#include <cmath>

#include "balance/lanes.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

// The group's mean latency follows the last answers: it decides how fast a snapshot is thought to
// go stale, and needs to be roughly right, soon.
constexpr float latency_window = 256;
constexpr float large_change_min = 8;

float micros(core::Duration duration) {
    return static_cast<float>(duration.count()) * 1e-3F;
}

}  // namespace

LoadView::LoadView(const Options& options)
    : backends_(options.backends),
      shards_(options.shards),
      own_shard_(options.own.value),
      interval_(options.interval),
      memory_(options.memory),
      latency_kind_(options.latency),
      own_(padded(options.backends)),
      seen_total_(padded(options.backends)),
      published_(padded(options.backends)),
      latencies_(options.backends),
      seen_(options.shards > 1 ? options.shards * options.backends : 0),
      others_latency_(options.backends),
      others_samples_(options.backends),
      others_updated_(options.backends),
      made_at_(options.shards),
      within_(options.shards, options.interval),
      is_changed_(options.backends) {
    CHECK(options.backends > 0);
    CHECK(options.own.value < options.shards);
    changed_.reserve(options.backends);
}

void LoadView::begin(std::size_t backend) {
    own_[backend] += 1;
    in_flight_ += 1;
    mark(backend);
}

void LoadView::end(std::size_t backend) {
    CHECK(own_[backend] > 0);
    own_[backend] -= 1;
    in_flight_ -= 1;
    mark(backend);
}

void LoadView::observe(std::size_t backend, core::Duration latency, core::Instant now) {
    const float us = micros(latency);
    latency_count_ = std::min(latency_count_ + 1, latency_window);
    latency_us_ += (us - latency_us_) / latency_count_;

    Latency& mean = latencies_[backend];
    const float kept = faded(now - mean.updated);
    mean.sum_us = mean.sum_us * kept + us;
    mean.samples = mean.samples * kept + 1;
    mean.updated = now;
    const float mean_us = mean.sum_us / mean.samples;
    mean.peak_us = std::max(us, mean_us + (mean.peak_us - mean_us) * kept);
    mark(backend);
}

void LoadView::take(core::ShardId shard, const Row& row, core::Instant now) {
    CHECK(shard.value < shards_ && shard.value != own_shard_ && row.backend < backends_);
    Seen& seen = seen_[shard.value * backends_ + row.backend];
    const auto in_flight = static_cast<float>(row.in_flight);
    seen_total_[row.backend] += in_flight - seen.in_flight;
    in_flight_ += in_flight - seen.in_flight;
    others_in_flight_ += in_flight - seen.in_flight;
    others_latency_[row.backend] += row.latency_us * row.samples - seen.latency_us * seen.samples;
    others_samples_[row.backend] += row.samples - seen.samples;
    others_updated_[row.backend] = now;
    version_++;
    seen = {.in_flight = in_flight, .latency_us = row.latency_us, .samples = row.samples};
}

void LoadView::heard(core::ShardId shard, core::Instant made_at, core::Duration interval) {
    made_at_sum_ += made_at - made_at_[shard.value];
    made_at_[shard.value] = made_at;
    within_[shard.value] = interval;
    made_at_mean_ = mean_of(made_at_sum_);
    version_++;
}

LoadView::Row LoadView::row(std::size_t backend) const {
    return {.backend = static_cast<std::uint32_t>(backend),
            .in_flight = own_in_flight(backend),
            .latency_us = own_latency_us(latencies_[backend]),
            .samples = latencies_[backend].samples};
}

void LoadView::published() {
    for (const std::uint32_t backend : changed_) {
        seen_total_[backend] += own_[backend] - published_[backend];
        published_[backend] = own_[backend];
        is_changed_[backend] = 0;
    }
    changed_.clear();
    published_in_flight_ = in_flight_ - others_in_flight_;
    version_++;
}

bool LoadView::has_large_change() const {
    const float change = std::abs(in_flight_ - others_in_flight_ - published_in_flight_);
    return change >= large_change_min && change >= published_in_flight_ / 2;
}

void LoadView::settle(core::Instant now) {
    const core::Duration before = made_at_sum_;
    for (std::uint32_t shard = 0; shard < shards_; shard++) {
        if (shard == own_shard_ || made_at_[shard] >= now - within_[shard]) continue;
        const core::Instant made_at = now - within_[shard] / 2;
        made_at_sum_ += made_at - made_at_[shard];
        made_at_[shard] = made_at;
    }
    if (made_at_sum_ == before) return;
    made_at_mean_ = mean_of(made_at_sum_);
    version_++;
}

core::Instant LoadView::mean_of(core::Duration sum) const {
    return core::Instant{sum / static_cast<std::int64_t>(shards_ - 1)};
}

float LoadView::latency_us(std::size_t backend, core::Instant now) const {
    // One sample of the mean beside the real ones: who has none is taken to be like the others, and
    // who was slow once is tried again when that is long ago.
    const Latency& own = latencies_[backend];
    const float own_samples = own.samples * faded(now - own.updated);
    const float others = faded(now - others_updated_[backend]);
    const float samples = own_samples + others_samples_[backend] * others;
    const float sum = own_latency_us(own) * own_samples + others_latency_[backend] * others;
    return (sum + latency_us_) / (samples + 1);
}

float LoadView::survivors(core::Instant now) const {
    if (latency_us_ <= 0) return 1;
    return std::exp(-micros(age(now)) / latency_us_);
}

float LoadView::pace(float latency_us) const {
    const float lives = micros(interval_);
    return std::expm1(-lives / latency_us) / std::expm1(-lives / latency_us_);
}

double LoadView::imbalance(std::span<const float> weights) const {
    double largest = 0;
    double total = 0;
    double weight = 0;
    for (std::size_t i = 0; i < backends_; i++) {
        if (weights[i] <= 0) continue;
        const double load = in_flight(i);
        largest = std::max(largest, load / weights[i]);
        total += load;
        weight += weights[i];
    }
    if (weight <= 0) return 0;
    const double mean = total / weight;
    return (largest - mean) / std::max(1.0, mean);
}

void LoadView::mark(std::size_t backend) {
    if (is_changed_[backend] != 0) return;
    is_changed_[backend] = 1;
    changed_.push_back(static_cast<std::uint32_t>(backend));
}

float LoadView::own_latency_us(const Latency& latency) const {
    if (latency.samples <= 0) return 0;
    switch (latency_kind_) {
        case LatencyKind::mean:
            return latency.sum_us / latency.samples;
        case LatencyKind::peak:
            return latency.peak_us;
    }
    return 0;
}

float LoadView::faded(core::Duration age) const {
    return std::exp(-micros(age) / micros(memory_));
}

}  // namespace ringway::balance
