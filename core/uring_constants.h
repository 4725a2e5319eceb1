// Names of io_uring's interface that are newer than the liburing 2.3 we build with. Each is used
// only where the kernel says that it is there. They go when the build moves to a newer one.
#pragma once

namespace ringway::core {

inline constexpr unsigned uring_feature_no_iowait = 1U << 17;

// Kernel 6.15: a sleeping ring is not counted as waiting for a disk.
inline constexpr unsigned uring_enter_no_iowait = 1U << 7;

}  // namespace ringway::core
