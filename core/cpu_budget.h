// How many CPUs this process may really use: those of its affinity mask, and of them no more than
// its cgroups' quota pays for (version 1 and 2; a quota of any ancestor counts, the smallest wins).
// A shard per CPU of the machine would be wrong in a container of two CPUs on a host of sixty-four.
// Read once at start by the fleet, and by `ringway doctor`; plain data afterwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::core {

struct CpuBudget {
    std::vector<int> allowed;     // By the affinity mask, ascending. Never empty.
    std::optional<double> quota;  // CPUs' worth of time; absent where there is no quota.

    // One per allowed CPU and no more than the quota, rounded up; at least one.
    unsigned shards() const;
};

CpuBudget read_cpu_budget();

// The parts of it, for tests. `root` stands before /proc and before every mount point.
std::optional<double> read_cpu_quota(const std::string& root);
// "max 100000" and "50000 100000" of version 2's cpu.max.
std::optional<double> quota_in(std::string_view cpu_max);

}  // namespace ringway::core
