// How shards and the control thread talk: one bounded queue per ordered pair of corners, each with
// one writer and one reader, and one sleeping flag per corner. Messages are absolute values ("shut
// down by then", later "backend 7 has 3 in flight"), never deltas, so a message may be late or be
// said twice but does no harm. What does not fit stays with the sender, who tries with its next
// tick: late, never lost.
//
// The Mesh is made before the threads and outlives them. A Mailbox is one corner's view of it and
// belongs to that corner's thread. Corners 0 … n-1 are the shards, corner n is the control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/io.h"
#include "core/spsc_queue.h"
#include "core/wake_flag.h"

namespace ringway::shards {

struct Message {
    enum class Kind : std::uint8_t {
        begin_shutdown,  // To a shard: take nothing new, end when the rest is done.
        end_now,         // To a shard: end what is left.
        finished,        // From a shard: nothing is left.
    };
    Kind kind = Kind::begin_shutdown;
    std::uint32_t from = 0;
};

class Mesh {
public:
    explicit Mesh(std::uint32_t corners);

    std::uint32_t corners() const { return static_cast<std::uint32_t>(flags_.size()); }

private:
    friend class Mailbox;
    static constexpr std::uint32_t messages_max = 64;  // Per ordered pair.
    using Queue = core::SpscQueue<Message>;

    Queue& queue(std::uint32_t from, std::uint32_t to) {
        return *queues_[std::size_t{from} * corners() + to];
    }

    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<std::unique_ptr<core::WakeFlag>> flags_;
    std::vector<core::Waker*> wakers_;  // Written by each corner before any other may post to it.
};

class Mailbox {
public:
    Mailbox(Mesh& mesh, std::uint32_t corner) : mesh_(mesh), corner_(corner) {}

    std::uint32_t corner() const { return corner_; }
    // REQUIRES: before any other corner posts to this one.
    void set_waker(core::Waker& waker) { mesh_.wakers_[corner_] = &waker; }

    // False when the queue is full: the sender keeps the message and tries again later.
    [[nodiscard]] bool try_post(std::uint32_t to, Message message);
    // The next message from anyone, or false.
    [[nodiscard]] bool try_take(Message& message);

    // For the engine's SleepGate: true when nothing waits and the flag now says that we sleep.
    bool may_sleep();
    void on_awake() { mesh_.flags_[corner_]->end_sleep(); }

private:
    Mesh& mesh_;
    std::uint32_t corner_;
};

}  // namespace ringway::shards
