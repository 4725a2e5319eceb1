// What one shard knows of the load on a group's backends: its own requests in flight exactly, the
// other shards' as their last snapshots said, and how long answers take.
//
// One per group and shard, touched by that shard's thread only. Backends are named by their index
// in the group. What travels between shards is an absolute value by shard and backend (`Row`): to
// hear it twice does no harm, and what is late is late, not lost. `changed` lists whose row differs
// from what was published last.
//
// Rows are kept as floats, padded for lanes, because algorithms read whole blocks of them; counts
// are exact up to 2^24. Nothing allocates after construction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"

namespace ringway::balance {

enum class LatencyKind : std::uint8_t {
    mean,  // Of the answers of the last seconds.
    peak,  // Rises with one slow answer at once and falls back slowly.
};

class LoadView {
public:
    struct Options {
        std::size_t backends = 0;
        std::size_t shards = 1;
        core::ShardId own{};
        core::Duration interval =
            std::chrono::milliseconds(1);                  // Between two snapshots of a shard.
        core::Duration memory = std::chrono::seconds(10);  // How long a latency counts.
        LatencyKind latency = LatencyKind::mean;
    };
    // Latencies are in µs; `samples` is how many answers they rest on, older ones counting less.
    struct Row {
        std::uint32_t backend = 0;
        std::uint32_t in_flight = 0;
        float latency_us = 0;
        float samples = 0;
    };

    explicit LoadView(const Options& options);

    // An exchange of ours: REQUIRES: as many ends as begins.
    void begin(std::size_t backend);
    void end(std::size_t backend);
    // An answer came; what it says of the backend. Not for tunnels, nor for failures of our own.
    void observe(std::size_t backend, core::Duration latency, core::Instant now);

    // Another shard's row, and then, when all have been taken, the time its snapshot was made, and
    // within which time it will say more if there is more to say.
    void take(core::ShardId shard, const Row& row, core::Instant now);
    void heard(core::ShardId shard, core::Instant made_at) { heard(shard, made_at, interval_); }
    void heard(core::ShardId shard, core::Instant made_at, core::Duration interval);

    // Our snapshot: the rows of `changed`, and then `published`.
    std::span<const std::uint32_t> changed() const { return changed_; }
    // What we have in flight has changed by half of what was published, and by eight at least:
    // others should not wait for it.
    bool has_large_change() const;
    Row row(std::size_t backend) const;
    void published();

    // Before a pick, at most every quarter of the interval: a shard from which nothing was heard
    // for its interval had nothing to say.
    void settle(core::Instant now);

    // Moves when what the snapshots say has changed.
    std::uint64_t version() const { return version_; }

    std::size_t size() const { return backends_; }
    std::uint32_t own_in_flight(std::size_t i) const { return static_cast<std::uint32_t>(own_[i]); }
    std::uint32_t others_in_flight(std::size_t i) const {
        return static_cast<std::uint32_t>(seen_total_[i] - published_[i]);
    }
    // Over all shards, as far as it is known here.
    float in_flight(std::size_t i) const { return own_[i] + seen_total_[i] - published_[i]; }
    float in_flight() const { return in_flight_; }
    // The same if every other shard has meanwhile done as this one has since its last snapshot: a
    // key that is hot here is hot there.
    float in_flight_alike(std::size_t i) const {
        const float news = std::max(own_[i] - published_[i], 0.0F);
        return in_flight(i) + news * static_cast<float>(shards_ - 1);
    }
    bool has_others() const { return shards_ > 1; }
    // Mean age of the others' snapshots.
    core::Duration age(core::Instant now) const {
        return std::max(now - made_at_mean_, core::Duration{});
    }
    core::Instant made_at() const { return made_at_mean_; }
    // How long a request takes, the mean over the group; 0 when not known yet.
    float latency_us() const { return latency_us_; }
    // Of one backend, over all shards. It tends to the group's mean as samples grow old.
    float latency_us(std::size_t backend, core::Instant now) const;
    // The share of what a snapshot of now's age saw that is expected to be in flight still.
    float survivors(core::Instant now) const;
    // How much more of it has gone where requests take `latency_us` than in the mean: 1 there,
    // below 1 for a slow backend. Exact for snapshots of one interval's age, and near it for
    // younger ones.
    float pace(float latency_us) const;

    // Rows for lanes: in flight by us; by everybody as the snapshots said, ours included as it was
    // published; our part of that.
    const float* own() const { return own_.data(); }
    const float* seen_total() const { return seen_total_.data(); }
    const float* published_row() const { return published_.data(); }

    // (largest − mean) / max(1, mean) of in-flight requests per weight, over all shards, as far as
    // is known here. Backends with weight 0 do not count.
    double imbalance(std::span<const float> weights) const;

private:
    struct Latency {
        float sum_us = 0;  // Both fade with age.
        float samples = 0;
        float peak_us = 0;
        core::Instant updated{};
    };
    struct Seen {
        float in_flight = 0;
        float latency_us = 0;
        float samples = 0;
    };

    core::Instant mean_of(core::Duration sum) const;
    void mark(std::size_t backend);
    float own_latency_us(const Latency& latency) const;
    float faded(core::Duration age) const;

    std::size_t backends_;
    std::size_t shards_;
    std::uint32_t own_shard_;
    core::Duration interval_;
    core::Duration memory_;
    LatencyKind latency_kind_;

    std::vector<float> own_;
    std::vector<float> seen_total_;
    std::vector<float> published_;
    std::vector<Latency> latencies_;
    std::vector<Seen> seen_;             // By shard, then backend; empty without other shards.
    std::vector<float> others_latency_;  // Σ latency × samples over the other shards.
    std::vector<float> others_samples_;
    std::vector<core::Instant> others_updated_;
    std::vector<core::Instant> made_at_;  // By shard: its last snapshot,
    std::vector<core::Duration> within_;  // and the interval it keeps.
    core::Duration made_at_sum_{};        // Over the other shards, since the epoch.
    core::Instant made_at_mean_{};
    float in_flight_ = 0;            // In all,
    float others_in_flight_ = 0;     // of that by others,
    float published_in_flight_ = 0;  // and by us when it was published last.
    float latency_us_ = 0;
    float latency_count_ = 0;

    std::uint64_t version_ = 1;
    std::vector<std::uint32_t> changed_;
    std::vector<std::uint8_t> is_changed_;
};

}  // namespace ringway::balance
