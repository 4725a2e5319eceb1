#include "shards/load_snapshots.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

namespace ringway::shards {

namespace {

// What talking costs, from build/bench --benchmark_filter=LoadSnapshots, both ends together: two
// cache lines that change hands for each shard, and a row.
constexpr core::Duration peer_cost = std::chrono::nanoseconds(250);
constexpr core::Duration row_cost = std::chrono::nanoseconds(40);
constexpr int time_share = 100;  // Of which talking may take one.
// A large change is said, and what others say is looked for, so many times in an interval at most.
constexpr int haste = 4;

}  // namespace

LoadMesh::LoadMesh(std::uint32_t shards) : shards_(shards) {
    for (std::uint32_t i = 0; i < shards * shards; i++) {
        queues_.push_back(std::make_unique<Queue>(rows_max));
    }
}

LoadSnapshots::LoadSnapshots(LoadMesh& mesh, core::ShardId own, core::Duration interval)
    : mesh_(mesh),
      own_(own),
      interval_min_(interval),
      interval_(interval),
      large_interval_(interval / haste),
      taken_(LoadMesh::rows_max) {
    for (std::uint32_t shard = 0; shard < mesh.shards(); shard++) {
        if (shard != own.value) peers_.push_back({.shard = {shard}, .unsent = {}});
    }
}

void LoadSnapshots::add(balance::LoadView& view) {
    const auto first = static_cast<std::uint32_t>(view_of_.size());
    view_of_.insert(view_of_.end(), view.size(), static_cast<std::uint32_t>(views_.size()));
    views_.push_back({.load = &view, .first = first});
    for (Peer& peer : peers_) peer.unsent.resize((view_of_.size() + 63) / 64);
}

core::Instant LoadSnapshots::due() const {
    if (peers_.empty() || !has_changed()) return core::Instant::max();
    return may_send_at();
}

core::Instant LoadSnapshots::may_send_at() const {
    const bool is_large =
        std::ranges::any_of(views_, [](const View& view) { return view.load->has_large_change(); });
    return sent_at_ + (is_large ? large_interval_ : interval_);
}

bool LoadSnapshots::has_changed() const {
    return std::ranges::any_of(views_,
                               [](const View& view) { return !view.load->changed().empty(); });
}

void LoadSnapshots::take(core::Instant now) {
    if (peers_.empty() || now < taken_at_ + interval_min_ / haste) return;
    taken_at_ = now;
    for (const Peer& peer : peers_) take_from(peer, now);
}

void LoadSnapshots::take_from(const Peer& peer, core::Instant now) {
    const std::size_t count = mesh_.queue(peer.shard, own_).pop_batch(taken_);
    for (std::size_t i = 0; i < count; i++) {
        const LoadRow& row = taken_[i];
        balance::LoadView& load = *views_[row.view].load;
        load.take(peer.shard, row.row, now);
        const bool is_last = i + 1 == count || taken_[i + 1].view != row.view ||
                             taken_[i + 1].made_at != row.made_at;
        if (is_last) {
            load.heard(peer.shard, row.made_at, std::chrono::microseconds(row.interval_us));
        }
    }
}

void LoadSnapshots::publish(core::Instant now) {
    if (peers_.empty() || now < sent_at_ + large_interval_ || now < may_send_at()) return;
    if (!has_late_ && !has_changed()) return;
    mark_changed();
    const core::Duration affordable = cost_of_sending() * time_share;
    interval_ = std::max(interval_min_, affordable);
    large_interval_ = std::max(interval_min_ / haste, affordable);
    has_late_ = false;
    for (Peer& peer : peers_) send(peer, now);
    sent_at_ = now;
}

// At most: who reads slowly has room for fewer.
core::Duration LoadSnapshots::cost_of_sending() const {
    std::int64_t rows = 0;
    for (const Peer& peer : peers_) {
        std::int64_t unsent = 0;
        for (const std::uint64_t bits : peer.unsent) unsent += std::popcount(bits);
        rows += std::min<std::int64_t>(unsent, LoadMesh::rows_max);
    }
    return peer_cost * std::ssize(peers_) + row_cost * rows;
}

void LoadSnapshots::mark_changed() {
    for (const View& view : views_) {
        if (view.load->changed().empty()) continue;
        for (const std::uint32_t backend : view.load->changed()) {
            const std::uint32_t place = view.first + backend;
            for (Peer& peer : peers_) peer.unsent[place / 64] |= std::uint64_t{1} << (place % 64);
        }
        for (Peer& peer : peers_) {
            if (peer.told == Told::all) peer.told = Told::not_yet;
        }
        view.load->published();
    }
}

// Rows that found no room leave the peer with old ones: until all have been sent, what it knows is
// as old as the middle between now and when it knew all. The next snapshot goes on where this one
// had to stop, so that nobody waits behind those who change always.
void LoadSnapshots::send(Peer& peer, core::Instant now) {
    if (peer.told == Told::all) return;
    if (peer.told == Told::not_yet) peer.whole_at = now;
    const core::Instant made_at = now - (now - peer.whole_at) / 2;
    const core::Duration silence = now - made_at + interval_;
    const LoadRow told{
        .made_at = made_at,
        .interval_us = static_cast<std::uint32_t>(silence / std::chrono::microseconds(1)),
        .row = {}};
    const std::size_t words = peer.unsent.size();
    const std::size_t first = peer.next / 64;
    const std::uint64_t from_next = ~std::uint64_t{0} << (peer.next % 64);
    for (std::size_t step = 0; step <= words; step++) {
        std::uint64_t mask = ~std::uint64_t{0};
        if (step == 0) mask = from_next;
        if (step == words) mask = ~from_next;
        if (send_word(peer, (first + step) % words, mask, told)) continue;
        counters_.rows_late.add();
        peer.told = Told::in_part;
        has_late_ = true;
        return;
    }
    peer.told = Told::all;
}

// False when the queue is full.
bool LoadSnapshots::send_word(Peer& peer, std::size_t word, std::uint64_t mask,
                              const LoadRow& told) {
    LoadMesh::Queue& queue = mesh_.queue(own_, peer.shard);
    std::uint64_t& unsent = peer.unsent[word];
    for (std::uint64_t bits = unsent & mask; bits != 0; bits &= bits - 1) {
        const auto place = static_cast<std::uint32_t>(word * 64) +
                           static_cast<std::uint32_t>(std::countr_zero(bits));
        const std::uint32_t view = view_of_[place];
        LoadRow row = told;
        row.view = view;
        row.row = views_[view].load->row(place - views_[view].first);
        if (!queue.try_push(row)) {
            peer.next = place;
            return false;
        }
        unsent &= ~(std::uint64_t{1} << (place % 64));
        counters_.rows_sent.add();
    }
    return true;
}

}  // namespace ringway::shards
