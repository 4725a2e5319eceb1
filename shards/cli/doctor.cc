#include "shards/cli/doctor.h"

#include <fmt/core.h>

#include <algorithm>

#include "config/load.h"

namespace ringway::shards::cli {
namespace {

using Verdict = Finding::Verdict;

// What shards keep free for themselves (shard.cc): the ring, the wake, listeners.
constexpr std::uint64_t descriptors_reserved = 64;
// Ports for connections to one backend address; the kernel's default range has 28,232.
constexpr std::int64_t local_ports_wanted = 28'000;
constexpr std::int64_t backlog_wanted = 4'096;

std::uint64_t shard_count(const Machine& machine, const config::Config& config) {
    return config.shards.count.value_or(machine.cpus.shards());
}

Finding kernel(const Machine& machine) {
    const std::string& release = machine.uring.kernel_release;
    if (core::kernel_version_in(release) >= core::kernel_floor) {
        return {Verdict::ok, fmt::format("kernel {}; 6.1 or newer is needed", release)};
    }
    return {Verdict::lack, fmt::format("kernel {}; 6.1 or newer is needed", release),
            "boot a kernel of 6.1 or newer (Debian 12 has one: apt-get install linux-image-amd64)"};
}

Finding ring(const Machine& machine) {
    if (machine.uring_errno == 0) return {Verdict::ok, machine.uring_text};
    const std::string line = core::explain_uring_failure(machine.uring_errno, machine.uring);
    const std::size_t cut = line.find("; ");
    return {Verdict::lack, line.substr(0, cut),
            cut == std::string::npos ? "" : line.substr(cut + 2)};
}

// Each shard has a table of descriptors of its own, so the limit counts per shard.
Finding descriptors(const Machine& machine, const config::Config& config) {
    const std::uint64_t shards = shard_count(machine, config);
    const std::uint64_t each = (config.limits.connections + shards - 1) / shards;
    const std::uint64_t needed = 2 * each + descriptors_reserved;
    const std::string text = fmt::format(
        "descriptors: {} allowed; {} needed in each of {} shards for limits.connections = {}",
        machine.descriptors_hard, needed, shards, config.limits.connections);
    if (machine.descriptors_hard >= needed) return {Verdict::ok, text};
    return {Verdict::lack, text,
            fmt::format("ulimit -n {} (systemd: LimitNOFILE={}, docker: --ulimit nofile={}), or a "
                        "smaller [limits] connections",
                        needed, needed, needed)};
}

Finding locked_memory(const Machine& machine, const config::Config& config) {
    const std::uint64_t needed = shard_count(machine, config) * core::ring_locked_bytes;
    const bool charged =
        core::kernel_version_in(machine.uring.kernel_release) >= core::kernel_charging_rings;
    if (machine.uring.privileged) return {Verdict::ok, "locked memory: no limit for root"};
    if (!charged) return {Verdict::ok, "locked memory: this kernel does not charge it for rings"};
    if (machine.uring.memlock_bytes >= needed) {
        return {Verdict::ok, fmt::format("locked memory: enough; {} KB needed", needed >> 10)};
    }
    return {Verdict::lack,
            fmt::format("locked memory: {} KB allowed; {} KB needed",
                        machine.uring.memlock_bytes >> 10, needed >> 10),
            "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity, docker: --ulimit memlock=-1)"};
}

Finding cpus(const Machine& machine, const config::Config& config) {
    const core::CpuBudget& budget = machine.cpus;
    const std::string quota =
        budget.quota ? fmt::format(", a quota of {:.2f}", *budget.quota) : ", no quota";
    const std::string text = fmt::format("CPUs: {} allowed{}; shards: {}", budget.allowed.size(),
                                         quota, shard_count(machine, config));
    if (shard_count(machine, config) > budget.shards()) {
        return {Verdict::hint, text,
                fmt::format("[shards] count = \"auto\" would be {}", budget.shards())};
    }
    // What the quota cuts short stands still for the rest of its period.
    if (budget.quota && *budget.quota < static_cast<double>(budget.allowed.size())) {
        return {Verdict::hint, text,
                "give whole CPUs instead of a quota, which adds its period to the latency (docker: "
                "--cpuset-cpus instead of --cpus)"};
    }
    return {Verdict::ok, text};
}

// A setting that is better at `wanted` or above.
struct Setting {
    std::string_view name;
    std::optional<std::int64_t> value;
    std::int64_t wanted;
    std::string_view why;
};

Finding setting(const Setting& setting) {
    if (!setting.value) {
        return {Verdict::ok, fmt::format("{}: not to be seen from here", setting.name)};
    }
    const std::string text = fmt::format("{} = {}: {}", setting.name, *setting.value, setting.why);
    if (*setting.value >= setting.wanted) return {Verdict::ok, text};
    return {Verdict::hint, text, fmt::format("sysctl -w {}={}", setting.name, setting.wanted)};
}

Finding local_ports(const Machine& machine) {
    constexpr std::string_view name = "net.ipv4.ip_local_port_range";
    if (!machine.local_ports)
        return {Verdict::ok, fmt::format("{}: not to be seen from here", name)};
    const auto [first, last] = *machine.local_ports;
    const std::int64_t count = last - first + 1;
    const std::string text =
        fmt::format("{} = {} {}: {} connections to one backend address", name, first, last, count);
    if (count >= local_ports_wanted) return {Verdict::ok, text};
    return {Verdict::hint, text, fmt::format("sysctl -w {}=\"15000 65535\"", name)};
}

std::string_view word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::hint:
            return "hint";
        case Verdict::lack:
            return "lack";
    }
    return "";
}

std::string line_of(const Finding& finding) {
    const std::string cure = finding.cure.empty() ? "" : fmt::format("; mend: {}", finding.cure);
    return fmt::format("{:<5} {}{}\n", word_of(finding.verdict), finding.text, cure);
}

}  // namespace

std::vector<Finding> examine(const Machine& machine, const config::Config& config) {
    std::vector<Finding> findings{
        kernel(machine),
        ring(machine),
        descriptors(machine, config),
        locked_memory(machine, config),
        cpus(machine, config),
        setting({"net.core.somaxconn", machine.somaxconn, backlog_wanted,
                 "connections that may wait to be accepted"}),
        setting({"net.ipv4.tcp_migrate_req", machine.tcp_migrate_req, 1,
                 "1 moves waiting connections to another shard when a listener closes"}),
        local_ports(machine),
    };
    if (machine.conntrack_max) {
        findings.push_back(setting({"net.netfilter.nf_conntrack_max", machine.conntrack_max,
                                    2 * std::int64_t{config.limits.connections},
                                    "connections the firewall keeps track of, two per client"}));
    }
    return findings;
}

Answer doctor(const DoctorOptions& options) {
    config::Config config;
    if (!options.file.empty()) {
        const auto loaded = config::load_file(options.file);
        if (!loaded) return refusal(loaded.error());
        config = loaded->config;
    }
    Answer answer;
    for (const Finding& finding : examine(read_machine(), config)) {
        answer.out += line_of(finding);
        if (finding.verdict == Verdict::lack) answer.exit = Exit::failed;
    }
    return answer;
}

}  // namespace ringway::shards::cli
