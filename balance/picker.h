// Answers "which backend" for one group on one shard. It holds the group's algorithm and what that
// has prepared: tables, heaps, positions. What is prepared is brought up to date by `settle`, once
// a tick; `pick` allocates nothing, takes no lock and looks at a bounded number of backends.
//
// A pick goes from strict to loose until somebody is found: without those tried already and those
// that slow start holds back; then with the latter; then among those who wait in a later tier or
// another zone; then with those tried already; and when all are blocked, anybody who is not blocked
// for good.
//
// One owner, one thread. All randomness comes from the generator that is passed in, all time from
// the request: the same calls give the same answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "balance/alias_table.h"
#include "balance/backend_set.h"
#include "balance/deadline_round_robin.h"
#include "balance/hash_tables.h"
#include "balance/least_loaded.h"
#include "balance/load_view.h"
#include "balance/ramp.h"
#include "balance/round_robin.h"
#include "balance/settings.h"
#include "core/prng.h"

namespace ringway::balance {

struct PickRequest {
    std::uint64_t key = 0;                         // For algorithms that hash.
    std::span<const std::uint32_t> excluded = {};  // Tried already for this request, in order.
    core::Instant now{};
};

class Picker {
public:
    // `start` differs between shards, so that they do not march in step. `shared` are the tables of
    // all shards, and outlive this; without any that fit, an algorithm that hashes makes its own.
    Picker(const BackendSet& set, const Settings& settings, std::uint64_t start,
           const HashTables* shared = nullptr);

    // Before a pick, at most once a tick, and before the load's rows are published (it reads which
    // have changed).
    void settle(const BackendSet& set, const LoadView& load, core::Instant now);

    // The caller begins the request on the load view. Nothing: nobody may be picked.
    Choice pick(const BackendSet& set, const LoadView& load, const PickRequest& request,
                core::Prng& prng);

    // How the picks are shared out since the last settle.
    struct Part {
        Cohort cohort;
        double until = 1;            // Sum of the shares up to here.
        std::vector<float> weights;  // In force; 0 for who is not in it.
        float total_weight = 0;
        AliasTable by_weight;
        std::optional<RoundRobin> turns;  // One of these two.
        std::optional<DeadlineRoundRobin> deadlines;
        std::optional<LeastLoaded> least;
    };
    std::span<const Part> parts() const { return parts_; }
    const Settings& settings() const { return settings_; }
    // REQUIRES: an algorithm that hashes.
    const HashTables& tables() const { return own_tables_ ? *own_tables_ : *shared_tables_; }
    // By slow start, until the group has made more picks.
    bool is_held_back(std::size_t i) const { return ramp_.is_active() && !ramp_.may(i); }

private:
    struct Question;

    void rebuild_parts(const BackendSet& set);
    void renew_tables(const BackendSet& set);
    void fill(const BackendSet& set, Part& part);
    void fill_turns(Part& part);
    void update_latencies(const LoadView& load, core::Instant now);
    Choice pick_open(const Question& question);
    Choice pick_standby(const Question& question) const;
    Choice pick_in(Part& part, const Question& question);
    Choice pick_first(const Part& part, const Question& question) const;
    Choice pick_hashed(const Part& part, const Question& question) const;

    Settings settings_;
    std::uint64_t start_;
    std::vector<Part> parts_;
    const HashTables* shared_tables_;       // Null: there are none.
    std::optional<HashTables> own_tables_;  // Where those do not fit.
    Ramp ramp_;
    std::uint64_t version_ = 0;
    std::size_t next_latency_ = 0;
};

}  // namespace ringway::balance
