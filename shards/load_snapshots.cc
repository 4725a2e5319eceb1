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
    return sent_at_ + interval_;
}

bool LoadSnapshots::has_changed() const {
    return std::ranges::any_of(views_,
                               [](const View& view) { return !view.load->changed().empty(); });
}

void LoadSnapshots::take(core::Instant now) {
    if (peers_.empty() || now < taken_at_ + interval_min_ / 4) return;
    taken_at_ = now;
    for (const Peer& peer : peers_) take_from(peer, now);
    for (const View& view : views_) view.load->settle(now);
}

void LoadSnapshots::take_from(const Peer& peer, core::Instant now) {
    const std::size_t count = mesh_.queue(peer.shard, own_).pop_batch(taken_);
    for (const LoadRow& row : std::span{taken_}.first(count)) {
        balance::LoadView& load = *views_[row.view].load;
        load.take(peer.shard, row.row, now);
        load.heard(peer.shard, row.made_at);
    }
}

void LoadSnapshots::publish(core::Instant now) {
    if (peers_.empty() || now < sent_at_ + interval_) return;
    if (!has_late_ && !has_changed()) return;
    const std::uint64_t sent_before = counters_.rows_sent.value();
    mark_changed();
    has_late_ = false;
    for (Peer& peer : peers_) send(peer, now);
    const auto rows = static_cast<std::int64_t>(counters_.rows_sent.value() - sent_before);
    const core::Duration cost = peer_cost * std::ssize(peers_) + row_cost * rows;
    interval_ = std::max(interval_min_, cost * time_share);
    sent_at_ = now;
}

void LoadSnapshots::mark_changed() {
    for (const View& view : views_) {
        if (view.load->changed().empty()) continue;
        for (const std::uint32_t backend : view.load->changed()) {
            const std::uint32_t place = view.first + backend;
            for (Peer& peer : peers_) peer.unsent[place / 64] |= std::uint64_t{1} << (place % 64);
        }
        for (Peer& peer : peers_) peer.has_unsent = true;
        view.load->published();
    }
}

void LoadSnapshots::send(Peer& peer, core::Instant now) {
    if (!peer.has_unsent) return;
    for (std::size_t word = 0; word < peer.unsent.size(); word++) {
        if (send_word(peer, word, now)) continue;
        counters_.rows_late.add();
        has_late_ = true;
        return;
    }
    peer.has_unsent = false;
}

// False when the queue is full.
bool LoadSnapshots::send_word(Peer& peer, std::size_t word, core::Instant now) {
    LoadMesh::Queue& queue = mesh_.queue(own_, peer.shard);
    for (std::uint64_t& bits = peer.unsent[word]; bits != 0; bits &= bits - 1) {
        const auto place = static_cast<std::uint32_t>(word * 64) +
                           static_cast<std::uint32_t>(std::countr_zero(bits));
        const std::uint32_t view = view_of_[place];
        const balance::LoadView::Row row = views_[view].load->row(place - views_[view].first);
        if (!queue.try_push({.made_at = now, .view = view, .row = row})) return false;
        counters_.rows_sent.add();
    }
    return true;
}

}  // namespace ringway::shards
