#include "loadtest/balance_study/policy.h"

#include <algorithm>
#include <array>

#include "balance/load_view.h"
#include "balance/picker.h"
#include "core/check.h"
#include "core/prng.h"

namespace ringway::loadtest {
namespace {

constexpr std::array<std::string_view, 5> in_grid{"siloed", "snapshot_minimum", "two_choices",
                                                  "exact", "ringway"};

// Counts per shard and backend, and how a policy makes a number to compare of them.
class Counting : public StudyPolicy {
public:
    explicit Counting(const StudyRun& run)
        : prng_(run.seed),
          weights_(run.weights.begin(), run.weights.end()),
          own_(run.cell.shards, std::vector<int>(weights_.size())),
          published_(own_),
          published_total_(weights_.size()),
          total_(weights_.size()) {}

    std::uint32_t pick(std::uint32_t shard, core::Instant /*now*/,
                       std::span<const std::uint8_t> up) override {
        std::uint32_t best = 0;
        std::uint64_t ties = 0;
        double least = 0;
        for (std::uint32_t i = 0; i < weights_.size(); i++) {
            if (up[i] == 0) continue;
            const double score = (count(shard, i) + 1) / weights_[i];
            if (ties != 0 && score > least) continue;
            ties = ties != 0 && score == least ? ties + 1 : 1;
            least = score;
            if (ties == 1 || prng_.uniform(ties) == 0) best = i;
        }
        return best;
    }
    void begin(const At& at) override {
        own_[at.shard][at.backend]++;
        total_[at.backend]++;
    }
    void end(const At& at) override {
        own_[at.shard][at.backend]--;
        total_[at.backend]--;
    }
    void publish(std::uint32_t shard, core::Instant /*now*/) override {
        for (std::size_t i = 0; i < weights_.size(); i++) {
            published_total_[i] += own_[shard][i] - published_[shard][i];
            published_[shard][i] = own_[shard][i];
        }
    }

protected:
    virtual double count(std::uint32_t shard, std::uint32_t backend) const = 0;
    double seen(std::uint32_t shard, std::uint32_t i) const {
        return own_[shard][i] + published_total_[i] - published_[shard][i];
    }

    core::Prng prng_;
    std::vector<double> weights_;
    std::vector<std::vector<int>> own_;
    std::vector<std::vector<int>> published_;
    std::vector<int> published_total_;
    std::vector<int> total_;
};

class SnapshotMinimum final : public Counting {
    using Counting::Counting;
    double count(std::uint32_t shard, std::uint32_t i) const override { return seen(shard, i); }
};

class Exact final : public Counting {
    using Counting::Counting;
    double count(std::uint32_t /*shard*/, std::uint32_t i) const override { return total_[i]; }
};

class TwoChoices final : public Counting {
public:
    using Counting::Counting;
    std::uint32_t pick(std::uint32_t shard, core::Instant /*now*/,
                       std::span<const std::uint8_t> up) override {
        const std::uint32_t a = draw(up);
        std::uint32_t b = draw(up);
        while (b == a && std::ranges::count(up, 1) > 1) b = draw(up);
        return count(shard, b) / weights_[b] < count(shard, a) / weights_[a] ? b : a;
    }

private:
    double count(std::uint32_t shard, std::uint32_t i) const override { return seen(shard, i) + 1; }
    // By weight.
    std::uint32_t draw(std::span<const std::uint8_t> up) {
        double total = 0;
        for (std::size_t i = 0; i < weights_.size(); i++) total += up[i] != 0 ? weights_[i] : 0;
        double left = prng_.real() * total;
        for (std::uint32_t i = 0; i < weights_.size(); i++) {
            if (up[i] == 0) continue;
            left -= weights_[i];
            if (left < 0) return i;
        }
        return static_cast<std::uint32_t>(std::ranges::find(up, 1) - up.begin());
    }
};

// The room's own code: a set, a view and a picker per shard, snapshots as rows. Or siloed: each
// shard believes that it is alone. With one shard that is the same, to the last tie.
class Ringway final : public StudyPolicy {
public:
    Ringway(const StudyRun& run, balance::Algorithm algorithm, bool is_siloed = false)
        : is_siloed_(is_siloed), interval_(run.cell.interval) {
        std::uint64_t seed = run.seed;
        std::vector<balance::Backend> backends;
        for (const float weight : run.weights) {
            backends.push_back({.identity = core::Prng::splitmix(seed), .weight = weight});
        }
        const balance::LatencyKind latency = algorithm == balance::Algorithm::peak_ewma
                                                 ? balance::LatencyKind::peak
                                                 : balance::LatencyKind::mean;
        for (std::uint32_t shard = 0; shard < run.cell.shards; shard++) {
            const balance::BackendSet set{backends};
            const std::uint64_t start = shard * backends.size() / run.cell.shards;
            shards_.push_back(
                {.set = set,
                 .load = balance::LoadView{{.backends = backends.size(),
                                            .shards = is_siloed ? 1 : run.cell.shards,
                                            .own = core::ShardId{is_siloed ? 0 : shard},
                                            .interval = interval_,
                                            .latency = latency}},
                 .picker = {set, {.algorithm = algorithm}, start},
                 .prng = core::Prng{core::Prng::splitmix(seed)}});
        }
    }

    std::uint32_t pick(std::uint32_t shard, core::Instant now,
                       std::span<const std::uint8_t> up) override {
        Shard& own = shards_[shard];
        for (std::size_t i = 0; i < up.size(); i++) {
            if (own.set.has(i, balance::Block::down) == (up[i] == 0)) continue;
            if (up[i] == 0) own.set.block(i, balance::Block::down);
            if (up[i] != 0) own.set.unblock(i, balance::Block::down);
        }
        if (now - own.settled >= interval_) {
            own.load.settle(now);
            own.picker.settle(own.set, own.load, now);
            own.settled = now;
        }
        // Every request has a key of its own: for algorithms that hash, the best that can happen.
        const balance::PickRequest request{.key = own.prng(), .now = now};
        const auto picked = own.picker.pick(own.set, own.load, request, own.prng);
        CHECK(picked.has_value());
        return static_cast<std::uint32_t>(*picked);
    }
    void begin(const At& at) override { shards_[at.shard].load.begin(at.backend); }
    void end(const At& at) override {
        shards_[at.shard].load.end(at.backend);
        shards_[at.shard].load.observe(at.backend, at.latency, at.now);
    }
    void publish(std::uint32_t shard, core::Instant now) override {
        Shard& own = shards_[shard];
        own.picker.settle(own.set, own.load, now);
        for (Shard& other : shards_) {
            if (&other == &own || is_siloed_) continue;
            for (const std::uint32_t i : own.load.changed()) {
                other.load.take(core::ShardId{shard}, own.load.row(i), now);
            }
            other.load.heard(core::ShardId{shard}, now);
        }
        own.load.published();
    }

private:
    struct Shard {
        balance::BackendSet set;
        balance::LoadView load;
        balance::Picker picker;
        core::Prng prng;
        core::Instant settled{};
    };

    std::vector<Shard> shards_;
    bool is_siloed_;
    core::Duration interval_;
};

}  // namespace

std::span<const std::string_view> grid_policies() {
    return in_grid;
}

std::unique_ptr<StudyPolicy> make_policy(std::string_view name, const StudyRun& run) {
    const auto least = balance::Algorithm::least_connections;
    if (name == "siloed") return std::make_unique<Ringway>(run, least, true);
    if (name == "snapshot_minimum") return std::make_unique<SnapshotMinimum>(run);
    if (name == "two_choices") return std::make_unique<TwoChoices>(run);
    if (name == "exact") return std::make_unique<Exact>(run);
    if (name == "ringway") return std::make_unique<Ringway>(run, least);
    const std::optional<balance::Algorithm> algorithm = balance::algorithm_named(name);
    if (!algorithm) return nullptr;
    return std::make_unique<Ringway>(run, *algorithm);
}

}  // namespace ringway::loadtest
