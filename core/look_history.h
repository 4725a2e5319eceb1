// Whether looking for work pays, as a ring's last sixteen looks have it. A thread that has nothing
// to do may look for a few microseconds before it sleeps: what comes meanwhile is found at once,
// and a sleep and a wake are saved, which cost some microseconds of CPU and more of waiting. What
// does not come has cost the look. It looks while six of sixteen were worth it, and when fewer
// were, before every sixteenth sleep only, so that it notices when work comes more often again. An
// idle shard so spends next to nothing on it. One thread's; plain data.
#pragma once

#include <bit>
#include <cstdint>

namespace ringway::core {

class LookHistory {
public:
    // Asked before each sleep.
    bool should_look() {
        return std::popcount(paid_) >= paid_min || ++sleeps_ % sleeps_per_trial == 0;
    }

    void record(bool has_paid) {
        paid_ = static_cast<std::uint16_t>(paid_ << 1 | (has_paid ? 1 : 0));
    }

private:
    static constexpr int paid_min = 6;
    static constexpr std::uint32_t sleeps_per_trial = 16;

    std::uint16_t paid_ = 0;    // The last look is the lowest bit.
    std::uint32_t sleeps_ = 0;  // That were not looked before.
};

}  // namespace ringway::core
