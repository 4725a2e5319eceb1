// What the threads of a load have in common: how many connections stand, the instant at which all
// begin, the word to stop early, and the place where they put what they counted. Everything else is
// each thread's own.
// The one shared object of ringway-load; every function may be called by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "core/clock.h"
#include "loadtest/load/tally.h"

namespace ringway::loadtest {

class LoadStage {
public:
    explicit LoadStage(std::uint32_t generators) : awaited_(generators) {}
    LoadStage(const LoadStage&) = delete;

    // A connection stands for the first time.
    void settle() { settled_.fetch_add(1, std::memory_order_relaxed); }
    std::uint32_t settled() const { return settled_.load(std::memory_order_relaxed); }

    // A generator has all its connections, or has given up on some. With the last one the common
    // beginning is set: a moment from `now`, so that everybody has heard of it by then.
    void arrive(core::Instant now);
    std::optional<core::Instant> begins_at() const;

    void stop() { is_stopped_.store(true, std::memory_order_relaxed); }
    bool is_stopped() const { return is_stopped_.load(std::memory_order_relaxed); }

    void leave() { left_.fetch_add(1, std::memory_order_release); }
    std::uint32_t left() const { return left_.load(std::memory_order_acquire); }

    void publish(const LoadTally& recent);
    // Adds what was published since the last call to `tally`.
    void collect(LoadTally& tally);

private:
    static constexpr std::int64_t unset = -1;

    std::atomic<std::uint32_t> awaited_;
    std::atomic<std::uint32_t> settled_{0};
    std::atomic<std::uint32_t> left_{0};
    std::atomic<std::int64_t> begins_at_ns_{unset};
    std::atomic<bool> is_stopped_{false};
    std::mutex mutex_;
    LoadTally published_;
};

}  // namespace ringway::loadtest
