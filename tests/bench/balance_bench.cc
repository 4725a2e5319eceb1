// Nanoseconds per pick of every algorithm at 3, 100 and 10,000 backends, with the request's begin
// and end on the load view beside it, so that loads move as they do in a shard; what a snapshot
// costs by number of shards; how long tables take, and what memory.
// build/bench --benchmark_filter=Balance
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/picker.h"

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::Instant;
using core::ShardId;

std::vector<Backend> backends(std::size_t count) {
    std::vector<Backend> result;
    for (std::size_t i = 0; i < count; i++) {
        result.push_back({.identity = mix(i, 99), .weight = static_cast<float>(1 + i % 3)});
    }
    return result;
}

std::size_t allocated_bytes() {
    const struct mallinfo2 known = mallinfo2();
    return known.uordblks + known.hblkhd;
}

// One shard of `shards`, with about two requests in flight per backend.
struct Shard {
    Shard(Algorithm algorithm, std::size_t count, std::size_t shards)
        : set(backends(count)),
          load({.backends = count, .shards = shards}),
          picker(set, {.algorithm = algorithm, .load_bound = 1.25F}, 1),
          ring(count * 2) {
        load.settle(now);
        load.observe(0, 2ms, now);
        for (std::uint32_t other = 1; other < shards; other++) {
            for (std::uint32_t i = 0; i < count; i++) {
                const auto in_flight = static_cast<std::uint32_t>(prng.uniform(3));
                load.take(ShardId{other}, {.backend = i, .in_flight = in_flight}, now);
            }
            load.heard(ShardId{other}, now);
        }
        picker.settle(set, load, now);
        for (std::size_t& slot : ring) load.begin(slot = pick());
    }
    // A hundred a millisecond, and in each the others say that nothing has changed.
    std::size_t pick() {
        now += 10us;
        if (++picks % 100 == 0) load.settle(now);
        return *picker.pick(set, load, {.key = key = mix(key, 1), .now = now}, prng);
    }

    BackendSet set;
    LoadView load;
    Picker picker;
    Instant now{1h};
    core::Prng prng{7};
    std::uint64_t key = 1;
    std::uint32_t picks = 0;
    std::vector<std::size_t> ring;  // Requests in flight, the oldest next.
};

// What a request costs that is not the pick: key, clock, begin, end.
void BalanceNothing(benchmark::State& state) {
    Shard shard{Algorithm::random, static_cast<std::size_t>(state.range(0)), 1};
    std::size_t turn = 0;
    for (auto _ : state) {
        std::size_t& slot = shard.ring[turn];
        turn = turn + 1 < shard.ring.size() ? turn + 1 : 0;
        shard.load.end(slot);
        shard.key = mix(shard.key, 1);
        shard.now += 10us;
        shard.load.begin(slot);
    }
}

void BalancePick(benchmark::State& state, Algorithm algorithm, std::size_t shards) {
    Shard shard{algorithm, static_cast<std::size_t>(state.range(0)), shards};
    std::size_t turn = 0;
    for (auto _ : state) {
        std::size_t& slot = shard.ring[turn];
        turn = turn + 1 < shard.ring.size() ? turn + 1 : 0;
        shard.load.end(slot);
        shard.load.begin(slot = shard.pick());
    }
}

#define PICKS(name, algorithm, shards) \
    BENCHMARK_CAPTURE(BalancePick, name, algorithm, shards)->Arg(3)->Arg(100)->Arg(10'000)
BENCHMARK(BalanceNothing)->Arg(3)->Arg(100)->Arg(10'000);
PICKS(round_robin, Algorithm::round_robin, 1);
PICKS(random, Algorithm::random, 1);
PICKS(power_of_two, Algorithm::power_of_two, 8);
PICKS(least_connections_alone, Algorithm::least_connections, 1);
PICKS(least_connections, Algorithm::least_connections, 8);
PICKS(least_time, Algorithm::least_time, 8);
PICKS(peak_ewma, Algorithm::peak_ewma, 8);
PICKS(ip_hash, Algorithm::ip_hash, 1);
PICKS(ring_hash_bounded, Algorithm::ring_hash, 1);
PICKS(maglev_bounded, Algorithm::maglev, 1);
PICKS(first, Algorithm::first, 1);
#undef PICKS

// One tick of a shard among so many, 100 backends of which 20 changed: its own snapshot made, and
// everybody else's taken.
void BalanceSnapshotTick(benchmark::State& state) {
    const auto shards = static_cast<std::size_t>(state.range(0));
    Shard shard{Algorithm::least_connections, 100, shards};
    for (auto _ : state) {
        for (std::uint32_t other = 1; other < shards; other++) {
            for (std::uint32_t i = 0; i < 20; i++) {
                shard.load.take(ShardId{other}, {.backend = i * 5, .in_flight = i}, shard.now);
            }
            shard.load.heard(ShardId{other}, shard.now);
        }
        for (std::size_t i = 0; i < 20; i++) shard.load.begin(shard.ring[i]);
        for (const std::uint32_t i : shard.load.changed()) {
            benchmark::DoNotOptimize(shard.load.row(i));
        }
        shard.load.published();
        shard.load.settle(shard.now += 1ms);
        shard.picker.settle(shard.set, shard.load, shard.now);
        for (std::size_t i = 0; i < 20; i++) shard.load.end(shard.ring[i]);
    }
}
BENCHMARK(BalanceSnapshotTick)->RangeMultiplier(2)->Range(2, 64);

// What a change of health costs at the next tick.
void BalanceRebuild(benchmark::State& state, Algorithm algorithm) {
    Shard shard{algorithm, static_cast<std::size_t>(state.range(0)), 1};
    for (auto _ : state) {
        shard.set.block(1, Block::down);
        shard.picker.settle(shard.set, shard.load, shard.now);
        shard.set.unblock(1, Block::down);
        shard.picker.settle(shard.set, shard.load, shard.now);
    }
    state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK_CAPTURE(BalanceRebuild, round_robin, Algorithm::round_robin)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(BalanceRebuild, random, Algorithm::random)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(BalanceRebuild, least, Algorithm::least_connections)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(BalanceRebuild, maglev, Algorithm::maglev)->Arg(100)->Arg(10'000);

// What a shard of eight keeps of a group: set, load view, picker, and tables of its own.
void BalanceMemory(benchmark::State& state, Algorithm algorithm) {
    const auto count = static_cast<std::size_t>(state.range(0));
    std::size_t bytes = 0;
    for (auto _ : state) {
        const std::size_t before = allocated_bytes();
        const BackendSet set{backends(count)};
        const LoadView load{{.backends = count, .shards = 8}};
        const Picker picker{set, {.algorithm = algorithm}, 1};
        bytes = allocated_bytes() - before;
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(BalanceMemory, round_robin, Algorithm::round_robin)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Iterations(3);
BENCHMARK_CAPTURE(BalanceMemory, least_connections, Algorithm::least_connections)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Iterations(3);
BENCHMARK_CAPTURE(BalanceMemory, maglev, Algorithm::maglev)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Iterations(3);
BENCHMARK_CAPTURE(BalanceMemory, ring_hash, Algorithm::ring_hash)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Iterations(3);

// Tables are made when a generation starts, or a weight is configured anew.
void BalanceTable(benchmark::State& state, Algorithm algorithm) {
    const BackendSet set{backends(static_cast<std::size_t>(state.range(0)))};
    for (auto _ : state) {
        benchmark::DoNotOptimize(Picker{set, {.algorithm = algorithm}, 1});
    }
}
BENCHMARK_CAPTURE(BalanceTable, maglev, Algorithm::maglev)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BalanceTable, ring_hash, Algorithm::ring_hash)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ringway::balance
