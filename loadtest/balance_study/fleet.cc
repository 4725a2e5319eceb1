#include "loadtest/balance_study/fleet.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <queue>
#include <vector>

#include "core/check.h"
#include "core/prng.h"
#include "loadtest/balance_study/histogram.h"
#include "loadtest/balance_study/policy.h"

namespace ringway::loadtest {
namespace {

using core::Duration;
using core::Instant;

constexpr double pareto_shape = 1.5;
constexpr Duration flap_cycle = std::chrono::seconds(2);
constexpr Duration flap_down = std::chrono::milliseconds(500);
constexpr double burst_mean_ns = 50e6;

struct Totals {
    StudyHistogram latency;
    double wait = 0;
    double counted = 0;
    double imbalance = 0;
    double imbalance_samples = 0;
};

// Where requests come from and how long they take: the same for every policy of a cell and seed.
class Demand {
public:
    Demand(const Cell& cell, std::uint64_t seed, double capacity)
        : cell_(cell),
          prng_(seed),
          gap_ns_(static_cast<double>(cell.mean.count()) / (cell.load * capacity)) {}

    Instant next_arrival() {
        double gap = -std::log(1 - prng_.real()) * gap_ns_;
        if (cell_.workload == Workload::bursty) gap = in_bursts(gap);
        now_ns_ += gap;
        return Instant{Duration{static_cast<std::int64_t>(now_ns_)}};
    }
    std::uint32_t next_shard() { return static_cast<std::uint32_t>(prng_.uniform(cell_.shards)); }
    double next_service_ns() {
        const double mean = static_cast<double>(cell_.mean.count());
        const double u = 1 - prng_.real();
        const bool is_heavy = cell_.workload == Workload::heavy_tailed;
        switch (is_heavy ? Service::pareto : cell_.service) {
            case Service::exponential:
                return -std::log(u) * mean;
            case Service::pareto:
                return mean * (pareto_shape - 1) / pareto_shape * std::pow(u, -1 / pareto_shape);
        }
        return mean;
    }

private:
    // Stretches the gap by what is left of this turn and the turns after it.
    double in_bursts(double gap) {
        double passed = 0;
        for (;;) {
            const double rate = is_high_ ? 1.5 : 0.5;
            if (gap <= turn_left_ns_ * rate) {
                turn_left_ns_ -= gap / rate;
                return passed + gap / rate;
            }
            gap -= turn_left_ns_ * rate;
            passed += turn_left_ns_;
            turn_left_ns_ = -std::log(1 - prng_.real()) * burst_mean_ns;
            is_high_ = !is_high_;
        }
    }

    const Cell& cell_;
    core::Prng prng_;
    double gap_ns_;
    double now_ns_ = 0;
    double turn_left_ns_ = 0;
    bool is_high_ = false;
};

class Run {
public:
    Run(const Cell& cell, std::string_view policy, std::uint64_t seed, Totals& totals)
        : cell_(cell), totals_(totals), weights_(cell.backends, 1), up_(cell.backends, 1) {
        std::uint64_t seeds = seed;
        double capacity = 0;
        for (std::uint32_t i = 0; i < cell.backends; i++) {
            if (cell.workload == Workload::uneven) weights_[i] = static_cast<float>(i % 5 + 1);
            const std::size_t slots = cell.slots * static_cast<std::size_t>(weights_[i]);
            slot_free_.emplace_back(slots);
            capacity += static_cast<double>(slots) / slowness(i);
        }
        demand_ = std::make_unique<Demand>(cell, core::Prng::splitmix(seeds), capacity);
        const StudyRun run{cell, weights_, core::Prng::splitmix(seeds)};
        policy_ = make_policy(policy, run);
        CHECK(policy_ != nullptr);
        core::Prng phases{core::Prng::splitmix(seeds)};
        for (std::uint32_t shard = 0; shard < cell.shards; shard++) {
            const double phase = cell.are_aligned ? 0 : phases.real();
            const auto interval = static_cast<double>(cell.interval.count());
            phase_.push_back(Duration{static_cast<std::int64_t>(phase * interval)});
        }
        is_dirty_.resize(cell.shards);
        in_flight_.resize(cell.backends);
    }

    void go() {
        // The first twentieth fills the fleet and is not counted.
        const std::uint64_t warm_up = cell_.requests / 20;
        for (std::uint64_t n = 0; n < cell_.requests; n++) {
            const Instant now = demand_->next_arrival();
            const std::uint32_t shard = demand_->next_shard();
            const double service_ns = demand_->next_service_ns();
            catch_up(now);
            flap(now);
            arrive(now, shard, service_ns, n >= warm_up);
            if (n % 16 == 0 && n >= warm_up) sample_imbalance();
        }
    }

private:
    struct Event {
        Instant at;
        bool is_end;  // Of a request; otherwise a shard's snapshot.
        std::uint32_t shard;
        std::uint32_t backend;
        Instant began;
        bool operator<(const Event& other) const { return at > other.at; }  // Earliest on top.
    };

    double slowness(std::uint32_t backend) const {
        return cell_.workload == Workload::one_slow && backend == 0 ? 10 : 1;
    }

    void arrive(Instant now, std::uint32_t shard, double service_ns, bool is_counted) {
        const std::uint32_t backend = policy_->pick(shard, now, up_);
        std::vector<Instant>& slots = slot_free_[backend];
        const auto slot = std::ranges::min_element(slots);
        const Instant started = std::max(now, *slot);
        *slot = started + Duration{static_cast<std::int64_t>(service_ns * slowness(backend))};
        policy_->begin({.shard = shard, .backend = backend, .now = now});
        in_flight_[backend]++;
        mark(shard, now);
        events_.push({*slot, true, shard, backend, now});
        if (!is_counted) return;
        const auto mean = static_cast<double>(cell_.mean.count());
        totals_.latency.add(static_cast<double>((*slot - now).count()) / mean);
        totals_.wait += static_cast<double>((started - now).count()) / mean;
        totals_.counted++;
    }

    void catch_up(Instant now) {
        while (!events_.empty() && events_.top().at <= now) {
            const Event event = events_.top();
            events_.pop();
            if (event.is_end) {
                policy_->end({.shard = event.shard,
                              .backend = event.backend,
                              .now = event.at,
                              .latency = event.at - event.began});
                in_flight_[event.backend]--;
                mark(event.shard, event.at);
            } else {
                is_dirty_[event.shard] = 0;
                policy_->publish(event.shard, event.at);
            }
        }
    }

    // A shard with news publishes at its next tick; one without stays silent.
    void mark(std::uint32_t shard, Instant now) {
        if (is_dirty_[shard] != 0) return;
        is_dirty_[shard] = 1;
        const Duration since = (now.time_since_epoch() - phase_[shard]) % cell_.interval;
        const Duration wait = since < Duration{} ? -since : cell_.interval - since;
        events_.push({now + wait, false, shard, 0, {}});
    }

    void flap(Instant now) {
        if (cell_.workload != Workload::flapping) return;
        up_[0] = now.time_since_epoch() % flap_cycle < flap_down ? 0 : 1;
    }

    void sample_imbalance() {
        double most = 0;
        double total = 0;
        double weight = 0;
        for (std::uint32_t i = 0; i < cell_.backends; i++) {
            if (up_[i] == 0) continue;
            most = std::max(most, in_flight_[i] / weights_[i]);
            total += in_flight_[i];
            weight += weights_[i];
        }
        const double mean = total / weight;
        totals_.imbalance += (most - mean) / std::max(1.0, mean);
        totals_.imbalance_samples++;
    }

    const Cell& cell_;
    Totals& totals_;
    std::vector<float> weights_;
    std::vector<std::uint8_t> up_;
    std::vector<std::vector<Instant>> slot_free_;  // By backend: when each slot is done.
    std::unique_ptr<Demand> demand_;
    std::unique_ptr<StudyPolicy> policy_;
    std::vector<Duration> phase_;
    std::vector<std::uint8_t> is_dirty_;
    std::vector<double> in_flight_;
    std::priority_queue<Event> events_;
};

}  // namespace

Outcome run_cell(const Cell& cell, std::string_view policy) {
    Totals totals;
    for (std::uint64_t seed = 1; seed <= cell.seeds; seed++) Run{cell, policy, seed, totals}.go();
    CHECK(totals.counted > 0);
    return {.p50 = totals.latency.quantile(0.5),
            .p99 = totals.latency.quantile(0.99),
            .p999 = totals.latency.quantile(0.999),
            .wait = totals.wait / totals.counted,
            .imbalance = totals.imbalance / totals.imbalance_samples};
}

}  // namespace ringway::loadtest
