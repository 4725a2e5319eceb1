// What it costs shards to tell each other what load they put on backends, by the number of shards
// and of backends, all of which have news all the time: the part of a shard's time (`share`, of 1)
// that goes into it, and to what the interval of 1 ms is stretched for that.
// build/bench --benchmark_filter=LoadSnapshots
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <deque>

#include "shards/load_snapshots.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Corner {
    Corner(LoadMesh& mesh, std::uint32_t shard, std::size_t backends)
        : load({.backends = backends, .shards = mesh.shards(), .own = {shard}}),
          snapshots(mesh, {shard}, 1ms) {
        snapshots.add(load);
    }
    void change(std::size_t count) {
        for (std::size_t i = 0; i < count; i++) is_up ? load.end(i) : load.begin(i);
        is_up = !is_up;
    }
    balance::LoadView load;
    LoadSnapshots snapshots;
    bool is_up = false;
};

// One thread plays all shards in simulated time, each as in a tick of a quarter of a millisecond.
// What is in its way is mostly that one core's cache holds what many would hold.
void LoadSnapshotsShare(benchmark::State& state) {
    const auto shards = static_cast<std::uint32_t>(state.range(0));
    const auto backends = static_cast<std::size_t>(state.range(1));
    LoadMesh mesh{shards};
    std::deque<Corner> corners;
    for (std::uint32_t i = 0; i < shards; i++) corners.emplace_back(mesh, i, backends);
    core::Instant now{1h};
    core::Duration simulated{};
    core::Duration spent{};
    for (auto _ : state) {
        now += 250us;
        simulated += 250us;
        for (Corner& corner : corners) corner.change(backends);
        const Clock::time_point began = Clock::now();
        for (Corner& corner : corners) {
            corner.snapshots.take(now);
            corner.load.settle(now);
            corner.snapshots.publish(now);
        }
        const core::Duration took = Clock::now() - began;
        spent += took;
        state.SetIterationTime(std::chrono::duration<double>(took).count() / shards);
    }
    state.counters["share"] =
        static_cast<double>(spent.count()) / shards / static_cast<double>(simulated.count());
    state.counters["interval_ms"] =
        static_cast<double>(corners[0].snapshots.interval().count()) * 1e-6;
}
BENCHMARK(LoadSnapshotsShare)
    ->ArgsProduct({{2, 4, 8, 16, 32, 64}, {10, 100, 1'000}})
    ->Iterations(4'000)
    ->UseManualTime();

// Two shards on two cores, each with so many rows for the other: what lines that go from core to
// core cost. Time is per snapshot, said and heard.
void LoadSnapshotsHandOver(benchmark::State& state) {
    static LoadMesh mesh{2};
    const auto rows = static_cast<std::size_t>(state.range(0));
    Corner corner{mesh, static_cast<std::uint32_t>(state.thread_index()), 64};
    core::Instant now{1h};
    for (auto _ : state) {
        now += 1s;
        corner.change(rows);
        corner.snapshots.take(now);
        corner.snapshots.publish(now);
    }
}
BENCHMARK(LoadSnapshotsHandOver)->Arg(1)->Arg(16)->Arg(64)->Threads(2);

}  // namespace
}  // namespace ringway::shards
