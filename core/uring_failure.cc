// The half of uring_probe.h that needs no ring: what the system says, and what an errno then means.
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/system_text.h"
#include "core/uring_probe.h"

namespace ringway::core {
namespace {

constexpr std::uint64_t unlimited = ~std::uint64_t{0};

constexpr std::string_view seccomp_cure =
    "allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp profile "
    "(docker: --security-opt seccomp=PROFILE.json; for a trial: --security-opt seccomp=unconfined)";

std::uint64_t limit_of(__rlimit_resource resource) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0) return 0;
    return limit.rlim_cur == RLIM_INFINITY ? unlimited : limit.rlim_cur;
}

// The value of a line "Name:   value" of /proc/self/status.
std::string_view status_field(std::string_view status, std::string_view name) {
    while (!status.empty()) {
        std::string_view line = take_line(status);
        if (take_word(line) == name) return trimmed(line);
    }
    return {};
}

std::string explain_not_there(const UringFacts& facts) {
    if (kernel_version_in(facts.kernel_release) < kernel_floor) {
        return fmt::format(
            "kernel {} lacks the io_uring that ringway needs; run kernel 6.1 or newer",
            facts.kernel_release);
    }
    if (facts.seccomp_filtered) {
        return fmt::format("io_uring is hidden by a seccomp filter; {}", seccomp_cure);
    }
    return fmt::format("kernel {} was built without io_uring; run one with CONFIG_IO_URING=y",
                       facts.kernel_release);
}

std::string explain_not_permitted(const UringFacts& facts) {
    if (facts.sysctl_disabled >= 2) {
        return fmt::format(
            "io_uring is disabled for everybody by sysctl kernel.io_uring_disabled={}; run: sysctl "
            "-w "
            "kernel.io_uring_disabled=0",
            facts.sysctl_disabled);
    }
    if (facts.sysctl_disabled == 1 && !facts.privileged) {
        return "io_uring is disabled for this user by sysctl kernel.io_uring_disabled=1; run: "
               "sysctl "
               "-w kernel.io_uring_disabled=0, or put the user's group into sysctl "
               "kernel.io_uring_group";
    }
    if (facts.seccomp_filtered) {
        return fmt::format("io_uring is blocked by a seccomp filter, as containers have; {}",
                           seccomp_cure);
    }
    return "io_uring is denied by a security module (SELinux, AppArmor); look for io_uring in the "
           "output of: dmesg";
}

std::string explain_no_memory(const UringFacts& facts) {
    if (facts.privileged || facts.memlock_bytes == unlimited) {
        return fmt::format(
            "the kernel has no memory for a ring of {} KB; free some or run fewer "
            "shards: [shards] count",
            ring_locked_bytes >> 10);
    }
    return fmt::format(
        "each shard's ring needs {} KB of RLIMIT_MEMLOCK and the limit of this user is {} KB; run: "
        "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity, docker: --ulimit memlock=-1)",
        ring_locked_bytes >> 10, facts.memlock_bytes >> 10);
}

std::string explain_refused(const UringFacts& facts) {
    if (kernel_version_in(facts.kernel_release) < kernel_floor) {
        return fmt::format("kernel {} lacks DEFER_TASKRUN; run kernel 6.1 or newer",
                           facts.kernel_release);
    }
    return fmt::format(
        "io_uring refuses what kernel {} should take; the process runs under something that "
        "imitates a kernel (gVisor) or filters system calls: run it outside of that",
        facts.kernel_release);
}

}  // namespace

KernelVersion kernel_version_in(std::string_view release) {
    KernelVersion version;
    const char* const end = release.data() + release.size();
    const auto [dot, error] =
        std::from_chars(release.data(), release.data() + release.size(), version.major);
    if (error != std::errc{} || dot == end || *dot != '.') return {};
    if (std::from_chars(dot + 1, end, version.minor).ec != std::errc{}) return {};
    return version;
}

UringFacts read_uring_facts() {
    utsname system{};
    uname(&system);
    const std::string status = read_system_text("/proc/self/status").value_or("");
    const auto disabled = read_system_number("/proc/sys/kernel/io_uring_disabled");
    return {.kernel_release = system.release,
            .sysctl_disabled = static_cast<int>(disabled.value_or(0)),
            .seccomp_filtered = status_field(status, "Seccomp:") == "2",
            .privileged = geteuid() == 0,
            .memlock_bytes = limit_of(RLIMIT_MEMLOCK),
            .descriptors = limit_of(RLIMIT_NOFILE)};
}

std::string explain_uring_failure(int sys, const UringFacts& facts) {
    if (sys == ENOSYS || sys == EOPNOTSUPP) return explain_not_there(facts);
    if (sys == EPERM || sys == EACCES) return explain_not_permitted(facts);
    if (sys == EINVAL) return explain_refused(facts);
    if (sys == ENOMEM) return explain_no_memory(facts);
    if (sys == EMFILE) {
        return fmt::format(
            "no descriptor is left for a ring: the limit of this process is {}; run: ulimit -n "
            "65536 "
            "(systemd: LimitNOFILE=65536)",
            facts.descriptors);
    }
    if (sys == ENFILE) {
        return "no descriptor is left on the whole machine; run: sysctl -w fs.file-max=1000000";
    }
    return fmt::format(
        "io_uring failed with \"{}\" (errno {}); see what this machine allows with: "
        "ringway doctor",
        std::strerror(sys), sys);
}

std::string explain_uring_failure(int sys) {
    return explain_uring_failure(sys, read_uring_facts());
}

}  // namespace ringway::core
