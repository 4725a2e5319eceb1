// Every interleaving, and every value the memory model allows, of the queue and the wake flag with
// small bounds; and the same with memory orders left out, which the checker has to notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/spsc_queue.h"
#include "core/wake_flag.h"
#include "tests/support/memory_model.h"

namespace ringway::core {
namespace {

using tests::Model;
using tests::ModelAtomics;
using tests::Weakened;

using Notes = std::vector<std::vector<int>>;
using Queue = SpscQueue<int, ModelAtomics>;
using Flag = BasicWakeFlag<ModelAtomics>;

// Tries to push 1, 2, ... and notes what it pushed.
template <std::uint32_t capacity, int count>
void push_some(Model& model) {
    Queue queue{capacity};
    for (int item = 1; item <= count; item++) {
        if (queue.try_push(item)) model.note(item);
    }
}

// Tries to pop, then takes the rest when the producer is done, and notes what it got.
template <std::uint32_t capacity, int count>
void pop_some(Model& model) {
    Queue queue{capacity};
    int item = 0;
    for (int i = 0; i < count; i++) {
        if (queue.try_pop(item)) model.note(item);
    }
    model.wait_for_all();
    while (queue.try_pop(item)) model.note(item);
}

template <std::uint32_t capacity, int count>
void pop_batches(Model& model) {
    Queue queue{capacity};
    std::array<int, 3> items{};
    const auto take = [&] {
        const std::size_t taken = queue.pop_batch(items);
        for (std::size_t i = 0; i < taken; i++) model.note(items[i]);
        return taken;
    };
    for (int i = 0; i < count; i++) take();
    model.wait_for_all();
    while (take() > 0) {
    }
}

// Nothing lost, nothing twice, nothing invented, in order.
bool popped_is_pushed(const Notes& notes) {
    return notes[0] == notes[1];
}

class SpscModel : public testing::Test {
protected:
    void expect_right(const Model::Options& options, std::size_t states_min) {
        const Model::Verdict verdict = Model::check(options);
        EXPECT_EQ(verdict.violation, "");
        EXPECT_GE(verdict.states, states_min);  // It did look around.
        EXPECT_GE(verdict.runs, 2U);
        RecordProperty("states", static_cast<int>(verdict.states));
    }
    std::string violation_of(Model::Options options, Weakened weakened) {
        options.weakened = weakened;
        return Model::check(options).violation;
    }
};

TEST_F(SpscModel, CapacityOneLosesDuplicatesAndInventsNothing) {
    expect_right({{push_some<1, 4>, pop_some<1, 4>}, popped_is_pushed}, 1000);
}

TEST_F(SpscModel, CapacityTwoLosesDuplicatesAndInventsNothing) {
    expect_right({{push_some<2, 5>, pop_some<2, 5>}, popped_is_pushed}, 5000);
}

TEST_F(SpscModel, BatchesLoseDuplicateAndInventNothing) {
    expect_right({{push_some<2, 4>, pop_batches<2, 3>}, popped_is_pushed}, 500);
}

TEST_F(SpscModel, TheReleaseStoresAndAcquireLoadsAreNeeded) {
    const Model::Options options{{push_some<1, 3>, pop_some<1, 3>}, popped_is_pushed};
    EXPECT_TRUE(violation_of(options, Weakened::releases).starts_with("data race"));
    EXPECT_TRUE(violation_of(options, Weakened::acquires).starts_with("data race"));
}

// The queue needs no fence, so leaving fences out must change nothing: the checker is not merely
// sensitive to everything.
TEST_F(SpscModel, TheQueueNeedsNoFence) {
    const Model::Options options{{push_some<1, 3>, pop_some<1, 3>}, popped_is_pushed};
    EXPECT_EQ(violation_of(options, Weakened::fences), "");
}

// Shards with one queue each to a sleeper, as in the mesh.
struct Mesh {
    Queue first{2};
    Queue second{2};
    Flag flag;
};

void push_and_wake(Model& model, Queue& queue, Flag& flag, int item) {
    if (queue.try_push(item)) model.note(item);
    if (flag.claim()) model.wake();
}

void push_first(Model& model) {
    Mesh mesh;
    push_and_wake(model, mesh.first, mesh.flag, 1);
}

void push_second(Model& model) {
    Mesh mesh;
    push_and_wake(model, mesh.second, mesh.flag, 2);
}

void push_two(Model& model) {
    Mesh mesh;
    push_and_wake(model, mesh.first, mesh.flag, 1);
    push_and_wake(model, mesh.first, mesh.flag, 2);
}

// A shard's loop: it sleeps only when all queues are empty, until it has `wanted` items.
template <int wanted>
void sleep_and_pop(Model& model) {
    Mesh mesh;
    int taken = 0;
    while (taken < wanted) {
        mesh.flag.begin_sleep();
        const bool is_idle = mesh.first.empty() && mesh.second.empty();
        if (is_idle) model.doze();
        mesh.flag.end_sleep();
        for (Queue* queue : {&mesh.first, &mesh.second}) {
            for (int item = 0; queue->try_pop(item); taken++) model.note(item);
        }
    }
}

bool got_everything(const Notes& notes) {
    std::vector<int> popped = notes.back();
    std::ranges::sort(popped);
    for (int i = 0; i < static_cast<int>(popped.size()); i++) {
        if (popped[static_cast<std::size_t>(i)] != i + 1) return false;
    }
    return true;
}

TEST_F(SpscModel, NoWakeUpIsLostByOneProducer) {
    expect_right({{push_two, sleep_and_pop<2>}, got_everything}, 500);
}

TEST_F(SpscModel, NoWakeUpIsLostByTwoProducers) {
    expect_right({{push_first, push_second, sleep_and_pop<2>}, got_everything}, 5000);
}

// Dekker's: without the fences both sides read before the other's write arrives, and the shard
// sleeps on an item.
TEST_F(SpscModel, WithoutItsFencesTheWakeFlagLosesAWakeUp) {
    const Model::Options options{{push_two, sleep_and_pop<2>}, got_everything};
    EXPECT_EQ(violation_of(options, Weakened::fences), "deadlock: all who are left sleep");
}

void push_without_claim(Model& model) {
    Mesh mesh;
    if (mesh.first.try_push(1)) model.note(1);
}

TEST_F(SpscModel, AProducerThatDoesNotClaimIsFound) {
    const Model::Options options{{push_without_claim, sleep_and_pop<1>}, got_everything};
    EXPECT_EQ(violation_of(options, Weakened::nothing), "deadlock: all who are left sleep");
}

}  // namespace
}  // namespace ringway::core
