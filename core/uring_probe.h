// Whether this machine lets us use io_uring, asked before any shard starts, and the one line that
// says what to do when it does not. `probe_uring` makes a ring as the engine does and asks what the
// kernel can; the text of a failure is a pure function of the errno and of what the system says
// about itself, so every cause is tested without having it.
// Start-up and `ringway doctor` use it; any thread; the ring it makes is gone when it returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

struct io_uring;  // liburing's name. NOLINT(readability-identifier-naming)

namespace ringway::core {

struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const KernelVersion&) const = default;
};

inline constexpr KernelVersion kernel_floor{6, 1};

// Of RLIMIT_MEMLOCK, for one shard's ring of 1,024 and 8,192 entries; measured on 6.18. Kernels up
// to 6.12 charge nothing.
inline constexpr std::uint64_t ring_locked_bytes = 200 << 10;
inline constexpr KernelVersion kernel_charging_rings{6, 13};

// "6.1.0-18-amd64" is 6.1; what is no version is 0.0.
KernelVersion kernel_version_in(std::string_view release);

// What the system says that bears on why a ring was refused.
struct UringFacts {
    std::string kernel_release;
    int sysctl_disabled = 0;          // kernel.io_uring_disabled; absent before 6.6.
    bool seccomp_filtered = false;    // A filter judges our system calls.
    bool privileged = false;          // Root, or capable of what root is where it matters here.
    std::uint64_t memlock_bytes = 0;  // RLIMIT_MEMLOCK; all ones: unlimited.
    std::uint64_t descriptors = 0;    // RLIMIT_NOFILE.
};

UringFacts read_uring_facts();

// One line: what stands in the way, and what to do about it.
std::string explain_uring_failure(int sys, const UringFacts& facts);
std::string explain_uring_failure(int sys);

// Whether a receive can go on by itself without taking all that comes (kernel 6.17); no feature bit
// tells. `no_socket` is any other descriptor. REQUIRES: nothing in flight on `ring`.
bool knows_bounded_multishot(io_uring& ring, int no_socket);

struct UringProbe {
    std::string kernel_release;
    std::uint32_t features = 0;
    bool bounded_multishot = false;
    unsigned completion_entries = 0;
    unsigned completion_entries_wanted = 0;
    bool ring_registered = false;                // The ring's descriptor, for cheaper enters.
    std::vector<std::string_view> lacking = {};  // Operations that the engine needs.
};

// The error's `sys` is what explain_uring_failure takes. A kernel that makes a ring and lacks an
// operation is an error as well (ENOSYS).
Result<UringProbe> probe_uring();

// For the log: "kernel 6.18, io_uring: features used ...; fallbacks ...".
std::string text_of(const UringProbe& probe);

}  // namespace ringway::core
