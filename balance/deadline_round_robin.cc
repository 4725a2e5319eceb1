#include "balance/deadline_round_robin.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace ringway::balance {
namespace {

constexpr std::size_t children = 4;
constexpr int round_bits = 32;
// Turns that may be passed over before the members are looked at one by one.
constexpr int tries_max = 32;

std::uint32_t common_factor(std::span<const std::uint32_t> weights) {
    std::uint32_t factor = 0;
    for (const std::uint32_t weight : weights) factor = std::gcd(factor, weight);
    return std::max(factor, 1U);
}

// Multiples of the golden ratio fall evenly however many there are.
std::uint32_t phase_of(std::uint32_t backend) {
    return backend * 0x9e37'79b9U;
}

}  // namespace

DeadlineRoundRobin::DeadlineRoundRobin(std::span<const std::uint32_t> weights, std::uint64_t start)
    : weights_(weights.size()) {
    set_weights(weights);
    constexpr std::uint64_t steps_max = 4'096;
    if (heap_.empty()) return;
    for (std::uint64_t step = start % steps_max; step > 0; step--) take_first();
}

void DeadlineRoundRobin::set_weights(std::span<const std::uint32_t> weights) {
    CHECK(weights.size() == weights_.size());
    const std::uint32_t factor = common_factor(weights);
    const std::uint64_t now = heap_.empty() ? 0 : heap_.front().due;
    std::vector<std::uint64_t> waits(weights.size());
    for (const Turn& turn : heap_) {
        // What was left of the wait shrinks as the weight grows.
        waits[turn.backend] = (turn.due - now) * turn.weight;
    }
    heap_.clear();
    total_weight_ = 0;
    for (std::uint32_t i = 0; i < weights.size(); i++) {
        const std::uint32_t weight = weights[i] / factor;
        const bool is_new = weights_[i] == 0;
        weights_[i] = weight;
        if (weight == 0) continue;
        total_weight_ += weight;
        const std::uint64_t wait = is_new ? phase_of(i) : waits[i];
        const std::uint64_t wanted = now + wait / weight;
        const std::uint64_t round = wanted >> round_bits;
        const std::uint64_t place = wanted & ((std::uint64_t{1} << round_bits) - 1);
        const auto taken = static_cast<std::uint32_t>((place * weight) >> round_bits);
        Turn& turn = heap_.emplace_back(Turn{.backend = i, .weight = weight, .taken = taken});
        turn.due = due(round, turn);
    }
    for (std::size_t at = heap_.size(); at > 0; at--) sink(at - 1);
    place_ = 0;
    round_.clear();
    round_length_ = total_weight_ <= round_max ? total_weight_ : 0;
    round_.reserve(round_length_);
}

std::uint64_t DeadlineRoundRobin::due(std::uint64_t round, const Turn& turn) {
    const std::uint64_t turns = (std::uint64_t{turn.taken} << round_bits) + phase_of(turn.backend);
    return (round << round_bits) + turns / turn.weight;
}

Choice DeadlineRoundRobin::pick(const OpenSet& open) {
    if (heap_.empty()) return {};
    for (int tries = 0; tries < tries_max; tries++) {
        const std::size_t first = take();
        if (open.has(first)) return first;
    }
    const std::size_t from = take();
    for (std::size_t step = 0; step < weights_.size(); step++) {
        const std::size_t i = (from + step) % weights_.size();
        if (weights_[i] > 0 && open.has(i)) return i;
    }
    return {};
}

std::size_t DeadlineRoundRobin::take() {
    if (round_length_ == 0) return take_first();
    if (round_.size() < round_length_) return round_.emplace_back(take_first());
    const std::size_t backend = round_[place_];
    place_ = place_ + 1 < round_.size() ? place_ + 1 : 0;
    return backend;
}

std::uint32_t DeadlineRoundRobin::take_first() {
    const std::size_t at = first_but_last();
    Turn& turn = heap_[at];
    turns_in_a_row_ = turn.backend == last_ ? turns_in_a_row_ + 1 : 1;
    last_ = turn.backend;
    const std::uint64_t round = turn.due >> round_bits;
    turn.taken++;
    if (turn.taken == turn.weight) {
        turn.taken = 0;
        turn.due = due(round + 1, turn);
    } else {
        turn.due = due(round, turn);
    }
    sink(at);
    return last_;
}

// The first in the heap, or the second when the first has had as many turns in a row as its weight
// dictates, and somebody else is to be served in this round.
std::size_t DeadlineRoundRobin::first_but_last() const {
    const Turn& first = heap_.front();
    const bool may_again = turns_in_a_row_ * (total_weight_ - first.weight) < first.weight;
    if (first.backend != last_ || may_again) return 0;
    std::size_t second = 0;
    for (std::size_t child = 1; child < std::min(children + 1, heap_.size()); child++) {
        if (second == 0 || is_before(heap_[child], heap_[second])) second = child;
    }
    const bool is_of_this_round = heap_[second].due >> round_bits == first.due >> round_bits;
    return is_of_this_round ? second : 0;
}

bool DeadlineRoundRobin::is_before(const Turn& a, const Turn& b) {
    return a.due != b.due ? a.due < b.due : a.backend < b.backend;
}

void DeadlineRoundRobin::sink(std::size_t at) {
    const Turn moved = heap_[at];
    for (;;) {
        const std::size_t first = at * children + 1;
        const std::size_t end = std::min(first + children, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; child++) {
            if (is_before(heap_[child], heap_[least])) least = child;
        }
        if (first >= end || !is_before(heap_[least], moved)) break;
        heap_[at] = heap_[least];
        at = least;
    }
    heap_[at] = moved;
}

}  // namespace ringway::balance
