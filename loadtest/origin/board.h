// What the mock backends and whoever watches them have in common: settings on the way in, counts
// on the way out, and how often each numbered request was executed. It lies in a memory file, so
// that it can be shared with processes of their own (--processes), and what a backend counted
// survives its being killed.
//
// One writer each: a backend's counts by the process that is that backend, settings by the
// process with the control port. Settings travel behind a version, odd while they change: a
// reader that met a change reads again. A generation says that anything changed at all, and costs
// a reader one load.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/metrics.h"
#include "core/result.h"
#include "loadtest/origin/settings.h"

namespace ringway::loadtest {

struct Counts {
    core::Counter requests;       // Heads that were understood, of anything but /healthz.
    core::Counter answers;        // Whole answers of any status.
    core::Counter errors;         // Of them, with error_status.
    core::Counter rejections;     // 503 for want of a place in the queue.
    core::Counter hangs;          // Requests that got, and will get, no answer.
    core::Counter faults;         // Answers broken on purpose.
    core::Counter gone;           // Clients that left before their answer was whole.
    core::Counter malformed;      // Requests refused for how they were written.
    core::Counter health_checks;  // Requests for /healthz.
    core::Counter bodies;         // Request bodies that arrived whole.
    core::Counter numbered;       // Executions of requests with an x-request-number,
    core::Counter duplicates;     // and those of a number that was executed before.
    core::Counter bytes_in;       // Of request heads and bodies, framing not counted.
    core::Counter bytes_out;      // Of answer heads and bodies, likewise.
    core::Counter connections;    // Accepted since the start.
    core::Gauge open;             // Of them, open now.
    core::Gauge active;           // Requests that hold a slot.
    core::Gauge queued;           // Requests that wait for one.
    core::Gauge active_max;       // The most there ever were.
    core::Gauge queued_max;
};

class Board {
public:
    static constexpr std::uint32_t backends_max = 1'024;
    // Request numbers from here on are not told apart.
    static constexpr std::uint64_t numbers_max = std::uint64_t{1} << 24;

    static core::Result<std::unique_ptr<Board>> make();
    // The board of the process that gave us this descriptor; it is ours to close.
    static core::Result<std::unique_ptr<Board>> open(int fd);
    Board(const Board&) = delete;
    ~Board();

    int fd() const { return fd_; }

    Counts& counts(std::uint32_t backend) { return shared_->backends[backend].counts; }
    const Counts& counts(std::uint32_t backend) const { return shared_->backends[backend].counts; }

    Settings settings(std::uint32_t backend) const;
    void post(std::uint32_t backend, const Settings& settings);
    // Changes with every post.
    std::uint32_t generation() const { return shared_->generation.load(std::memory_order_acquire); }

    // Notes that the request of this number was executed; true when it had been before.
    bool note_execution(std::uint64_t number);
    // How often, up to 255.
    std::uint32_t executions_of(std::uint64_t number) const;

private:
    // Settings, word by word: they are read while they are written.
    static constexpr std::size_t settings_words =
        (sizeof(Settings) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    using SettingsWords = std::array<std::uint64_t, settings_words>;
    struct Place {
        std::atomic<std::uint32_t> version;
        std::array<std::atomic<std::uint64_t>, settings_words> settings;
        Counts counts;
    };
    // As the memory file begins: all zero.
    struct Shared {
        std::atomic<std::uint32_t> generation;
        Place backends[backends_max];
        // Several processes may count the same number.
        std::atomic<std::uint8_t> executions[numbers_max];
    };

    Board(int fd, Shared* shared) : fd_(fd), shared_(shared) {}
    static core::Result<std::unique_ptr<Board>> map(int fd);

    int fd_;
    Shared* shared_;
};

}  // namespace ringway::loadtest
