// What a load counts: requests and what became of them, bytes, latencies. Each generator has one
// for what is recent and gives it away now and then; adding them up gives the whole.
// Accounting: sent = answered + mistakes + unfinished. A latency is counted of every whole and
// correct answer, from the instant that its request was meant for.
// Plain data with one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/load/latency_histogram.h"

namespace ringway::loadtest {

enum class Mistake : std::uint8_t {
    connect,       // No connection could be made.
    read,          // It ended or broke before the answer was whole.
    write,         // It broke before the request was out.
    timeout,       // Connection or answer took longer than --timeout.
    status,        // Not the status that was expected.
    wrong_length,  // A body longer or shorter than expected.
    wrong_bytes,   // A body with other bytes, or bytes that nobody asked for.
    malformed,     // Not HTTP.
    unnamed,       // It does not say which backend answered.
};
inline constexpr std::size_t mistake_kinds = static_cast<std::size_t>(Mistake::unnamed) + 1;
using Mistakes = std::array<std::uint64_t, mistake_kinds>;

std::string_view name_of(Mistake mistake);

// What became of one kind of request.
struct KindTally {
    std::uint64_t answered = 0;
    std::uint64_t mistakes = 0;
    LatencyHistogram latency;
};

struct LoadTally {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;    // Whole and correct,
    std::uint64_t in_window = 0;   // and before the end of the measurement.
    std::uint64_t unfinished = 0;  // Sent, and neither answered nor failed when we gave up.
    std::uint64_t unsent = 0;      // Due in the open loop, and no connection was free.
    std::uint64_t connects = 0;
    std::uint64_t connects_failed = 0;  // With no request waiting for them: those are mistakes.
    std::uint64_t stray = 0;            // Connections given up for bytes that nobody asked for.
    std::uint64_t held_lost = 0;   // Idle connections that were held and that the server ended.
    std::uint64_t ended_idle = 0;  // Connections that the server ended between two requests.
    Mistakes early{};              // With requests that were not measured: ramp and warm-up.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    core::Duration measured{0};  // How long the measurement was; told at the end, as is
    core::Duration cpu{0};       // what it cost the generators.
    Mistakes mistakes{};
    std::map<std::string, std::uint64_t, std::less<>> by_backend;  // Answers, where asked for.
    std::vector<KindTally> kinds;  // By kind of request, where there are several.
    LatencyHistogram latency;
    LatencyHistogram lateness;  // How long after its instant a request left, open loop.

    void add(const LoadTally& other);
    void clear() { *this = {}; }
    // All but what was counted of connections, which outlive the preparations.
    void forget_requests();
    void count(Mistake mistake) { mistakes[static_cast<std::size_t>(mistake)]++; }
    void count_early(Mistake mistake) { early[static_cast<std::size_t>(mistake)]++; }
    KindTally& kind(std::size_t number);
    void count_backend(std::string_view backend);
    std::uint64_t mistakes_total() const;
};

}  // namespace ringway::loadtest
