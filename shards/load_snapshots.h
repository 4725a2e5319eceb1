// How shards tell each other what load they put on backends: one bounded queue per ordered pair,
// apart from the messages, because a snapshot never wakes anybody. Each row is an absolute value.
// What does not fit stays marked for that shard and follows later: late, never lost.
//
// A shard says what changed once per interval at most, and at once when the last time is longer
// ago; a large change after a quarter of it. It stretches the interval itself, so that talking
// takes no more than a hundredth of its time however many shards and backends there are. One with
// nothing to say does nothing.
//
// The LoadMesh is made before the threads and outlives them. LoadSnapshots belong to one shard.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "balance/load_view.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/metrics.h"
#include "core/spsc_queue.h"

namespace ringway::shards {

struct LoadRow {
    // When it was true; of a snapshot that went in parts, the middle of the time that took.
    core::Instant made_at{};
    std::uint32_t view = 0;         // Which LoadView: the order in which they were added.
    std::uint32_t interval_us = 0;  // From then on, until there may be more.
    balance::LoadView::Row row;
};
static_assert(sizeof(LoadRow) == 32);

class LoadMesh {
public:
    explicit LoadMesh(std::uint32_t shards);

    std::uint32_t shards() const { return shards_; }

private:
    friend class LoadSnapshots;
    static constexpr std::uint32_t rows_max = 64;  // Per ordered pair.
    using Queue = core::SpscQueue<LoadRow>;

    Queue& queue(core::ShardId from, core::ShardId to) {
        return *queues_[std::size_t{from.value} * shards_ + to.value];
    }

    std::uint32_t shards_;
    std::vector<std::unique_ptr<Queue>> queues_;
};

class LoadSnapshots {
public:
    // One writer: the shard.
    struct Counters {
        core::Counter rows_sent;
        core::Counter rows_late;  // Found a full queue, and went out later.
    };

    LoadSnapshots(LoadMesh& mesh, core::ShardId own, core::Duration interval);

    // REQUIRES: before the first exchange, in the same order on every shard; the view outlives
    // this.
    void add(balance::LoadView& view);

    // Before a pick: what others said meanwhile, unless that was looked at a moment ago. Who picks
    // nothing need not know; what it does not take waits with the others. Settling the view that is
    // asked is left to who asks: there may be many.
    void take(core::Instant now);
    // Once a tick: says what changed here, when it is time.
    void publish(core::Instant now);
    // When there will be something to say; the end of time when there is not. What found a full
    // queue is nothing to wake up for: its reader sleeps.
    core::Instant due() const;

    core::Duration interval() const { return interval_; }
    const Counters& counters() const { return counters_; }

private:
    struct View {
        balance::LoadView* load;
        std::uint32_t first;  // Its backends' place among those of all views.
    };
    // In part: it had not room for all of the last snapshot.
    enum class Told : std::uint8_t { all, not_yet, in_part };
    struct Peer {
        core::ShardId shard;
        std::vector<std::uint64_t> unsent;  // A bit for each backend.
        std::uint32_t next = 0;             // The place where the last snapshot had to stop.
        Told told = Told::all;
        core::Instant whole_at{};  // While in part: when it knew all.
    };

    void take_from(const Peer& peer, core::Instant now);
    void mark_changed();
    core::Duration cost_of_sending() const;
    void send(Peer& peer, core::Instant now);
    bool send_word(Peer& peer, std::size_t word, std::uint64_t mask, const LoadRow& told);
    bool has_changed() const;
    core::Instant may_send_at() const;

    LoadMesh& mesh_;
    core::ShardId own_;
    core::Duration interval_min_;
    core::Duration interval_;        // As stretched.
    core::Duration large_interval_;  // The same for large changes.
    core::Instant sent_at_{};
    core::Instant taken_at_{};
    bool has_late_ = false;  // Some peer has rows to come.
    std::vector<View> views_;
    std::vector<std::uint32_t> view_of_;  // By place.
    std::vector<Peer> peers_;
    std::vector<LoadRow> taken_;  // Scratch.
    Counters counters_;
};

}  // namespace ringway::shards
