// "I am about to sleep; wake me": the flag beside the queues that lead to one shard. Its consumer
// sets it, looks into every queue once more and only then sleeps; a producer pushes and then
// claims. Of several producers exactly one wins the claim and pays for the wake; while the shard
// is awake a claim costs a fence and a load.
//
//     consumer: flag.begin_sleep();  if (all queues are empty) sleep();  flag.end_sleep();
//     producer: queue.try_push(item);  if (flag.claim()) waker.wake();
//
// No wake-up is lost: each side writes first and then reads what the other wrote (Dekker), with a
// sequentially consistent fence between, so at least one of the two sees the other. Release and
// acquire alone would let both reads overtake the writes. Explored in
// tests/core/spsc_model_test.cc.
#pragma once

#include <atomic>

#include "core/spsc_queue.h"

namespace ringway::core {

template <class Atomics>
class BasicWakeFlag {
public:
    BasicWakeFlag() = default;
    BasicWakeFlag(const BasicWakeFlag&) = delete;
    BasicWakeFlag& operator=(const BasicWakeFlag&) = delete;

    // Consumer. After this, and before it sleeps, it looks into its queues.
    void begin_sleep() {
        // relaxed: the fence orders it.
        sleeping_.store(true, std::memory_order_relaxed);
        // seq_cst: the flag is set before the queues are looked at.
        Atomics::fence_seq_cst();
    }

    // Consumer, after it slept or decided not to. A wake that is already on its way is harmless.
    void end_sleep() {
        // relaxed: nothing is published by being awake; items are published by their queue.
        sleeping_.store(false, std::memory_order_relaxed);
    }

    // Producer, after a push. True: the consumer sleeps, and it is for the caller to wake it.
    [[nodiscard]] bool claim() {
        // seq_cst: the item is pushed before the flag is looked at.
        Atomics::fence_seq_cst();
        // relaxed: the fence orders it. A load first, because an exchange takes the line from the
        // consumer even when it is awake, which is the common case.
        if (!sleeping_.load(std::memory_order_relaxed)) return false;
        // relaxed: atomicity alone makes sure that one producer wins; the wake itself is a system
        // call and orders what it must.
        return sleeping_.exchange(false, std::memory_order_relaxed);
    }

private:
    // Apart from what stands beside it: producers of other threads look at it after every push.
    alignas(cache_line) typename Atomics::template Atomic<bool> sleeping_{false};
};

using WakeFlag = BasicWakeFlag<StdAtomics>;

}  // namespace ringway::core
