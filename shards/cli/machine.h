// What of the machine decides whether ringway runs well on it: the kernel, the limits of this
// process, the CPUs it may use and the kernel's own settings for sockets. Read once by `ringway
// doctor`, which judges it; plain data, so that a test can invent any machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/cpu_budget.h"
#include "core/uring_probe.h"

namespace ringway::shards::cli {

struct PortRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

struct Machine {
    core::UringFacts uring;
    std::uint64_t descriptors_hard = 0;  // What the soft limit may be raised to; `run` does.
    int uring_errno = 0;                 // Of the probe; 0: a ring can be made.
    std::string uring_text;              // What the probe says when it can.
    core::CpuBudget cpus;
    // The kernel's settings; absent where this kernel or container does not show them.
    std::optional<std::int64_t> somaxconn;
    std::optional<std::int64_t> tcp_migrate_req;
    std::optional<std::int64_t> conntrack_max;
    std::optional<PortRange> local_ports;
};

Machine read_machine();

}  // namespace ringway::shards::cli
