// A pick allocates nothing, nor does what a request tells the load view, nor the taking and making
// of snapshots: operator new is counted by standing in for it. Containers have no other way to
// memory.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "balance/hash_mix.h"
#include "balance/picker.h"

namespace {

std::uint64_t allocations = 0;

}  // namespace

// Not inline, or the compiler sees malloc at one end and delete at the other, and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocations++;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace ringway::balance {
namespace {

using namespace std::chrono_literals;
using core::ShardId;

constexpr std::uint32_t shards = 8;

struct Shard {
    Shard(std::size_t size, const Settings& settings)
        : set(backends(size)),
          load({.backends = size, .shards = shards}),
          picker(set, settings, 3) {}

    static std::vector<Backend> backends(std::size_t size) {
        std::vector<Backend> result;
        for (std::size_t i = 0; i < size; i++) {
            result.push_back({.identity = mix(i, 1), .tier = i % 10 == 9 ? 1U : 0U});
        }
        return result;
    }

    // A request begins and ends, and now and then a snapshot comes and goes.
    void request(std::uint64_t n) {
        now += 50us;
        const auto excluded = static_cast<std::uint32_t>(n % 3);
        const PickRequest request{
            .key = mix(n, 2), .excluded = {&excluded, n % 5 == 0 ? 1U : 0U}, .now = now};
        const std::size_t picked = picker.pick(set, load, request, prng).value();
        load.begin(picked);
        load.observe(picked, 1ms, now);
        if (n % 2 == 0) load.end(picked);
        if (n % 20 != 0) return;
        for (const std::uint32_t i : load.changed()) last = load.row(i);
        load.published();
        last.backend = static_cast<std::uint32_t>(n % set.size());
        load.take(ShardId{1}, last, now);
        load.heard(ShardId{1}, now);
        load.settle(now);
    }

    BackendSet set;
    LoadView load;
    Picker picker;
    LoadView::Row last{};
    core::Instant now{1h};
    core::Prng prng{9};
};

class Allocation : public ::testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, Allocation,
                         ::testing::Values(Algorithm::round_robin, Algorithm::random,
                                           Algorithm::least_connections, Algorithm::power_of_two,
                                           Algorithm::least_time, Algorithm::peak_ewma,
                                           Algorithm::ip_hash, Algorithm::ring_hash,
                                           Algorithm::maglev, Algorithm::first),
                         [](const auto& test) { return std::string{name_of(test.param)}; });
TEST_P(Allocation, APickMakesNone) {
    for (const std::size_t size : {3U, 64U, 65U, 1'000U}) {
        Shard shard{size, {.algorithm = GetParam(), .load_bound = 2}};
        shard.set.block(0, Block::down);
        shard.set.block(1, Block::full);
        shard.set.set_factor(2, 0.5F);
        shard.picker.settle(shard.set, shard.load, shard.now);
        const std::uint64_t before = allocations;
        for (std::uint64_t n = 0; n < 5'000; n++) shard.request(n);
        EXPECT_EQ(allocations, before) << size;
    }
}

TEST(AllocationCount, SeesThoseThatAreMade) {
    const std::uint64_t before = allocations;
    const std::vector<int> some(10);
    EXPECT_GT(allocations, before) << some.size();
}

}  // namespace
}  // namespace ringway::balance
