#include "loadtest/load/tally.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ringway::loadtest {

namespace {

// A header with more values than this does not name backends; what is beyond counts together.
constexpr std::size_t backends_max = 65'536;
constexpr std::string_view other_backends = "others";

constexpr std::array<std::string_view, mistake_kinds> mistake_names{
    "connect",      "read",        "write",     "timeout", "status",
    "wrong_length", "wrong_bytes", "malformed", "unnamed"};

}  // namespace

std::string_view name_of(Mistake mistake) {
    return mistake_names[static_cast<std::size_t>(mistake)];
}

void LoadTally::forget_requests() {
    LoadTally fresh;
    fresh.connects = connects;
    fresh.connects_failed = connects_failed;
    fresh.held_lost = held_lost;
    fresh.stray = stray;
    fresh.ended_idle = ended_idle;
    fresh.early = early;
    *this = std::move(fresh);
}

void LoadTally::count_backend(std::string_view backend) {
    if (const auto known = by_backend.find(backend); known != by_backend.end()) {
        known->second++;
        return;
    }
    const bool is_full = by_backend.size() >= backends_max;
    by_backend[std::string{is_full ? other_backends : backend}]++;
}

KindTally& LoadTally::kind(std::size_t number) {
    if (number >= kinds.size()) kinds.resize(number + 1);
    return kinds[number];
}

void LoadTally::add(const LoadTally& other) {
    sent += other.sent;
    answered += other.answered;
    in_window += other.in_window;
    unfinished += other.unfinished;
    unsent += other.unsent;
    connects += other.connects;
    connects_failed += other.connects_failed;
    stray += other.stray;
    held_lost += other.held_lost;
    ended_idle += other.ended_idle;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    measured = std::max(measured, other.measured);
    cpu += other.cpu;
    for (std::size_t i = 0; i < mistake_kinds; i++) {
        mistakes[i] += other.mistakes[i];
        early[i] += other.early[i];
    }
    for (const auto& [backend, answers] : other.by_backend) by_backend[backend] += answers;
    for (std::size_t i = 0; i < other.kinds.size(); i++) {
        kind(i).answered += other.kinds[i].answered;
        kind(i).mistakes += other.kinds[i].mistakes;
        kind(i).latency.add(other.kinds[i].latency);
    }
    latency.add(other.latency);
    lateness.add(other.lateness);
}

std::uint64_t LoadTally::mistakes_total() const {
    return std::accumulate(mistakes.begin(), mistakes.end(), std::uint64_t{0});
}

}  // namespace ringway::loadtest
