#include "loadtest/load/tally.h"

#include <algorithm>
#include <numeric>

namespace ringway::loadtest {

namespace {

// A header that counts higher is no backend's number.
constexpr std::uint32_t backends_max = 65'536;

constexpr std::array<std::string_view, mistake_kinds> mistake_names{
    "connect", "read", "write", "timeout", "status", "wrong_length", "wrong_bytes", "malformed"};

}  // namespace

std::string_view name_of(Mistake mistake) {
    return mistake_names[static_cast<std::size_t>(mistake)];
}

void LoadTally::count_backend(std::uint32_t backend) {
    if (backend >= backends_max) return;
    if (backend >= by_backend.size()) by_backend.resize(backend + 1);
    by_backend[backend]++;
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
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    measured = std::max(measured, other.measured);
    cpu += other.cpu;
    for (std::size_t i = 0; i < mistake_kinds; i++) mistakes[i] += other.mistakes[i];
    by_backend.resize(std::max(by_backend.size(), other.by_backend.size()));
    for (std::size_t i = 0; i < other.by_backend.size(); i++) by_backend[i] += other.by_backend[i];
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
