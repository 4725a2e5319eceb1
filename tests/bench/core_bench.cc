// Nanoseconds per operation of core's small parts. build/bench --benchmark_filter=Core
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/prng.h"
#include "core/slab.h"
#include "core/spsc_queue.h"
#include "core/timer_wheel.h"
#include "core/wake_flag.h"

namespace ringway::core {
namespace {

using namespace std::chrono_literals;

struct Owner {
    void on_timeout() noexcept {}
    TimerOf<Owner> timer{*this};
};

// 10,000 timers, as a shard with as many connections has; one operation on one of them each time.
class Wheel {
public:
    Wheel() {
        for (auto& owner : owners_) {
            owner = std::make_unique<Owner>();
            arm(*owner, 60s);
        }
    }
    ~Wheel() {
        for (auto& owner : owners_) wheel_.disarm(owner->timer);
    }
    void arm(Owner& owner, Duration after) {
        wheel_.arm(owner.timer.then<&Owner::on_timeout>(), now_ + after);
    }
    Owner& next() { return *owners_[turn_++ % owners_.size()]; }
    TimerWheel& wheel() { return wheel_; }
    void pass(Duration time) { wheel_.advance(now_ += time); }

private:
    Instant now_{};
    TimerWheel wheel_{now_};
    std::vector<std::unique_ptr<Owner>> owners_ = std::vector<std::unique_ptr<Owner>>(10'000);
    std::size_t turn_ = 0;
};

// What a request does to its connection's timer: push it on while time goes by.
void CoreTimerPushOn(benchmark::State& state) {
    Wheel wheel;
    for (auto _ : state) {
        wheel.pass(10us);
        wheel.arm(wheel.next(), 60s);
        benchmark::DoNotOptimize(wheel.wheel().next_deadline());
    }
}
BENCHMARK(CoreTimerPushOn);

void CoreTimerDisarmAndArm(benchmark::State& state) {
    Wheel wheel;
    for (auto _ : state) {
        Owner& owner = wheel.next();
        wheel.pass(10us);
        wheel.wheel().disarm(owner.timer);
        wheel.arm(owner, 60s);
        benchmark::DoNotOptimize(wheel.wheel().next_deadline());
    }
}
BENCHMARK(CoreTimerDisarmAndArm);

void CoreSlabCreateAndDestroy(benchmark::State& state) {
    Slab<std::uint64_t> slab{1024};
    for (auto _ : state) {
        std::uint64_t* object = slab.try_create(1U);
        benchmark::DoNotOptimize(slab.find(slab.ref_of(*object)));
        slab.destroy(*object);
    }
}
BENCHMARK(CoreSlabCreateAndDestroy);

void CoreQueuePushAndPop(benchmark::State& state) {
    SpscQueue<std::uint64_t> queue{64};
    std::uint64_t item = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(queue.try_push(item));
        benchmark::DoNotOptimize(queue.try_pop(item));
    }
}
BENCHMARK(CoreQueuePushAndPop);

void CoreClaimOfOneAwake(benchmark::State& state) {
    WakeFlag flag;
    for (auto _ : state) benchmark::DoNotOptimize(flag.claim());
}
BENCHMARK(CoreClaimOfOneAwake);

void CoreCounter(benchmark::State& state) {
    Counter counter;
    for (auto _ : state) {
        counter.add();
        benchmark::ClobberMemory();
    }
}
BENCHMARK(CoreCounter);

void CoreHistogram(benchmark::State& state) {
    Histogram histogram;
    Prng prng{1};
    for (auto _ : state) histogram.record(prng() >> 40);
}
BENCHMARK(CoreHistogram);

void CorePrng(benchmark::State& state) {
    Prng prng{1};
    for (auto _ : state) benchmark::DoNotOptimize(prng.uniform(100));
}
BENCHMARK(CorePrng);

// A line that finds its ring full: all that logging can cost a shard, but for the wake.
void CoreLogLine(benchmark::State& state) {
    DescriptorSink nowhere{-1};
    Log log{nowhere};
    Clock clock;
    Logger& logger = log.make_logger(&clock);
    log.start();
    for (auto _ : state) logger.info("core", "backend {} answered with {}", "10.0.0.1:8080", 503);
    log.stop();
}
BENCHMARK(CoreLogLine);

void CoreHash64Of20Bytes(benchmark::State& state) {
    const std::string key(20, 'k');
    for (auto _ : state) benchmark::DoNotOptimize(hash64(key));
}
BENCHMARK(CoreHash64Of20Bytes);

void CoreSipHashOf20Bytes(benchmark::State& state) {
    const std::string key(20, 'k');
    for (auto _ : state) benchmark::DoNotOptimize(siphash({.low = 1, .high = 2}, key));
}
BENCHMARK(CoreSipHashOf20Bytes);

}  // namespace
}  // namespace ringway::core
