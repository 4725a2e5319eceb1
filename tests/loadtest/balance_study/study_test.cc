// The study's simulation against what queueing theory knows, and the promise of the balance room in
// the cells where it is hardest to keep, small enough for every run of the tests.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "loadtest/balance_study/cell.h"
#include "loadtest/balance_study/fleet.h"
#include "loadtest/balance_study/histogram.h"
#include "loadtest/balance_study/policy.h"

namespace ringway::loadtest {
namespace {

using namespace std::chrono_literals;

TEST(Study, OneBackendWaitsAsAnMM1QueueDoes) {
    // Mean wait ρ / (1 − ρ) = 1 and p99 of the latency ln(100) / (1 − ρ) = 9.21 at half load.
    const Outcome outcome =
        run_cell({.backends = 1, .load = 0.5, .requests = 400'000}, "round_robin");
    EXPECT_NEAR(outcome.wait, 1.0, 0.03);
    EXPECT_NEAR(outcome.p99, 9.21, 0.3);
    EXPECT_NEAR(outcome.p50, 1.386, 0.03);
}

TEST(Study, ChanceMakesAnMM1QueueOfEachBackend) {
    const Outcome outcome = run_cell({.load = 0.5, .requests = 400'000}, "random");
    EXPECT_NEAR(outcome.wait, 1.0, 0.03);
}

TEST(Study, EightSlotsWaitAsErlangsFormulaSays) {
    // Erlang C with 8 servers at load 0.8: P(wait) = 0.4577 (0.4576 by hand), over 8 × (1 − 0.8).
    const Outcome outcome = run_cell({.slots = 8, .backends = 1, .requests = 400'000}, "random");
    EXPECT_NEAR(outcome.wait, 0.4577 / 1.6, 0.02);
}

TEST(Study, ACellAndASeedSayEverything) {
    const Cell cell{.shards = 8, .workload = Workload::flapping, .requests = 20'000};
    for (const std::string_view policy : {"ringway", "two_choices", "peak_ewma"}) {
        const Outcome one = run_cell(cell, policy);
        const Outcome two = run_cell(cell, policy);
        EXPECT_EQ(one.p999, two.p999) << policy;
        EXPECT_EQ(one.wait, two.wait) << policy;
    }
}

TEST(Study, HistogramQuantilesAreRightToHalfAPercent) {
    StudyHistogram histogram;
    for (int i = 1; i <= 100'000; i++) histogram.add(i * 1e-3);
    for (const double part : {0.5, 0.99, 0.999}) {
        EXPECT_NEAR(histogram.quantile(part), 100 * part, 100 * part * 0.005);
    }
}

// Least connections across shards: never worse than the best of the field's ways, though each of
// those is the worst somewhere; snapshots from much younger to much older than a request's life.
struct Case {
    std::uint32_t slots;
    std::uint32_t shards;
    core::Duration interval;
    bool are_aligned;
};
class LeastConnectionsAcrossShards : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cells, LeastConnectionsAcrossShards,
                         ::testing::Values(Case{1, 2, 1ms, false}, Case{1, 8, 100us, false},
                                           Case{1, 8, 1ms, false}, Case{8, 8, 1ms, false},
                                           Case{1, 32, 1ms, true}, Case{8, 32, 1ms, true},
                                           Case{8, 32, 1ms, false}, Case{1, 32, 10ms, false},
                                           Case{1, 32, 100ms, false}));

TEST_P(LeastConnectionsAcrossShards, KeepUpWithTheBestThatTheFieldHas) {
    const Cell cell{.slots = GetParam().slots,
                    .shards = GetParam().shards,
                    .interval = GetParam().interval,
                    .are_aligned = GetParam().are_aligned,
                    .requests = 60'000};
    const Outcome ours = run_cell(cell, "ringway");
    double p99 = 1e9;
    double wait = 1e9;
    for (const std::string_view policy : {"siloed", "snapshot_minimum", "two_choices"}) {
        const Outcome theirs = run_cell(cell, policy);
        p99 = std::min(p99, theirs.p99);
        wait = std::min(wait, theirs.wait);
    }
    EXPECT_LE(ours.p99, 1.10 * p99);
    EXPECT_LE(ours.wait, 1.10 * wait);
}

}  // namespace
}  // namespace ringway::loadtest
