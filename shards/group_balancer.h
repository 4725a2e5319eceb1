// Which backend of a group answers a request, on one shard. What speaks against a backend comes
// from the pool (it is full, it refused a connection), what load it has from here and, by
// snapshots, from the other shards; the group's algorithm (balance/picker.h) picks. A sticky
// cookie is asked first.
//
// What the algorithm has prepared is brought up to date before the first choice of a tick: a group
// that nobody asks for costs nothing. One per group and shard, on the shard's thread; a choice
// allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "balance/backend_set.h"
#include "balance/hash_tables.h"
#include "balance/headroom.h"
#include "balance/load_view.h"
#include "balance/picker.h"
#include "config/config.h"
#include "core/ids.h"
#include "core/metrics.h"
#include "core/prng.h"
#include "http/sticky_cookie.h"
#include "http/upstreams.h"

namespace ringway::shards {

// What all shards of a process share of its groups: the tables of those that hash, by group.
using GroupTables = std::vector<std::optional<balance::HashTables>>;
GroupTables tables_of(const config::Config& config);

class GroupBalancer {
public:
    struct Options {
        const config::Group& group;
        const config::Shards& shards;
        core::ShardId shard;
        std::uint32_t shard_count = 1;
        std::uint64_t seed = 0;
        const balance::HashTables* tables = nullptr;  // Of all shards; null: it makes its own.
    };
    explicit GroupBalancer(const Options& options);

    struct Choice {
        std::size_t backend;       // Index in the group.
        bool sets_cookie = false;  // The client is to be told.
    };
    struct Moment {
        core::Instant now;
        core::Duration since_1970;
    };
    // Nothing: nobody may be asked. `failed` were tried already, the last one at the end.
    std::optional<Choice> choose(const http::Selection& selection,
                                 std::span<const std::uint32_t> failed, const Moment& moment);
    std::string_view write_cookie(std::size_t backend, core::Duration since_1970,
                                  std::span<char> space) const {
        return sticky_->write(backend, since_1970, space);
    }

    // A request is on its way to the backend, or a tunnel through it.
    void begin(std::size_t backend) { load_.begin(backend); }
    void end(std::size_t backend) { load_.end(backend); }
    // It has answered, so long after it was asked.
    void on_answered(std::size_t backend, core::Duration latency, core::Instant now);

    // `among` so many in flight, itself included, as `concurrency` said when it was asked. Only
    // where the group wants to know (`n_minus_one`).
    void learn(std::size_t backend, float among, core::Duration latency) {
        if (headroom_) headroom_->on_answered(backend, among, latency);
    }
    float concurrency(std::size_t backend) const {
        return headroom_ ? load_.in_flight(backend) : 0;
    }

    void set_full(std::size_t backend, bool is_full);
    // It refused a connection: nobody is sent there, unless there is nobody else, until it takes
    // one. From `until` on it is one of those that `take_due` names.
    void back_off(std::size_t backend, core::Instant until);
    // It took one.
    void on_reachable(std::size_t backend, core::Instant now);
    // It refused a connection, and somebody else can be asked.
    bool is_passed_over(std::size_t backend) const {
        return set_.has(backend, balance::Block::backing_off) && set_.open().next(0).has_value();
    }
    // To be asked after each choice, until it says nothing: who is to be knocked at, because its
    // time is over. Whoever has the connections tries one, at no request's risk, and says what came
    // of it: `on_reachable` or `back_off`.
    std::optional<std::size_t> take_due();

    // Whether its algorithm asks for the load that other shards put on the backends.
    bool shares_load() const;
    balance::LoadView& load() { return load_; }
    const balance::LoadView& load() const { return load_; }
    // Whoever else has something against a backend says it to this one.
    balance::BackendSet& set() { return set_; }
    const balance::BackendSet& set() const { return set_; }
    const balance::Picker& picker() const { return picker_; }
    const config::Group& group() const { return group_; }
    // (largest − mean) / max(1, mean) of requests in flight per weight, in thousandths, as far as
    // is known here.
    const core::Gauge& imbalance() const { return imbalance_; }
    // Of the other shards' snapshots, in microseconds; 0 where there are none.
    const core::Gauge& snapshot_age() const { return snapshot_age_; }

    // Load over what would be left without the strongest backend, in thousandths; 0: not known.
    const core::Gauge& n_minus_one() const { return n_minus_one_; }

private:
    static constexpr core::Duration headroom_interval = std::chrono::seconds(10);
    static constexpr core::Duration sample_interval = std::chrono::milliseconds(100);
    static constexpr core::Duration slow_start_interval = std::chrono::milliseconds(10);

    struct Recovery {
        core::Instant due_at{};  // While it backs off: when it is to be knocked at.
        bool is_slow = false;    // Since it came back.
        core::Instant came_back{};
        std::uint32_t answered = 0;
    };

    void refresh(core::Instant now);
    void end_back_offs(core::Instant now);
    void come_back(std::size_t backend, core::Instant now);
    void advance_slow_starts(core::Instant now);
    void sample(core::Instant now);
    bool has_slow_start() const;
    bool hears_of_others() const { return load_.has_others() && shares_load(); }
    std::optional<http::StickyCookie::Reading> sticky_backend(const http::Selection& selection,
                                                              core::Duration since_1970) const;
    std::uint64_t key_of(const http::Selection& selection);

    // Set at construction.
    const config::Group& group_;
    balance::Settings settings_;
    balance::BackendSet set_;
    balance::LoadView load_;
    balance::Picker picker_;
    std::optional<http::StickyCookie> sticky_;
    core::Duration settle_interval_;  // Of the load.

    core::Prng prng_;
    core::Instant refreshed_at_{};
    core::Instant load_settled_at_{};
    std::vector<Recovery> recoveries_;  // By backend.
    core::Instant next_due_ = core::Instant::max();
    std::vector<std::size_t> due_;
    std::uint32_t slow_count_ = 0;
    core::Instant slow_advanced_at_{};
    core::Instant sampled_at_{};
    std::vector<float> weights_;  // Scratch of a sample.
    std::optional<balance::Headroom> headroom_;
    core::Instant headroom_shown_at_{};
    core::Gauge n_minus_one_;
    core::Gauge imbalance_;
    core::Gauge snapshot_age_;
};

}  // namespace ringway::shards
