// The policies that the study compares: what a shard knows, and whom it picks. One object stands
// for all shards of a run, and is told of every beginning, end and snapshot in the order of time.
// Two choices, the minimum of snapshots and the exact count are written down as plainly as
// possible; siloed and ringway are the balance room, as a shard runs it alone and among others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "loadtest/balance_study/cell.h"

namespace ringway::loadtest {

// A run's shard and backend, and the time.
struct At {
    std::uint32_t shard = 0;
    std::uint32_t backend = 0;
    core::Instant now{};
    core::Duration latency{};  // At an end.
};

class StudyPolicy {
public:
    virtual ~StudyPolicy() = default;
    // Whom the shard picks. `up[i]` is 0 for a backend that may not be picked.
    virtual std::uint32_t pick(std::uint32_t shard, core::Instant now,
                               std::span<const std::uint8_t> up) = 0;
    virtual void begin(const At& at) = 0;
    virtual void end(const At& at) = 0;
    // The shard's snapshot reaches all the others now.
    virtual void publish(std::uint32_t shard, core::Instant now) = 0;
};

struct StudyRun {
    const Cell& cell;
    std::span<const float> weights;
    std::uint64_t seed = 0;
};

// The names of the policies of the grid: siloed, snapshot_minimum, two_choices, exact, ringway.
std::span<const std::string_view> grid_policies();
// Any of them, or one of balance's algorithms by its name; nothing for another name.
std::unique_ptr<StudyPolicy> make_policy(std::string_view name, const StudyRun& run);

}  // namespace ringway::loadtest
