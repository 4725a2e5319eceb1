#include "shards/cli/machine.h"

#include <sys/resource.h>

#include "core/system_text.h"

namespace ringway::shards::cli {
namespace {

std::optional<PortRange> read_port_range() {
    const auto text = core::read_system_text("/proc/sys/net/ipv4/ip_local_port_range");
    if (!text) return std::nullopt;
    std::string_view words = *text;
    const auto first = core::number_in(core::take_word(words));
    const auto last = core::number_in(core::take_word(words));
    if (!first || !last) return std::nullopt;
    return PortRange{.first = *first, .last = *last};
}

}  // namespace

Machine read_machine() {
    Machine machine;
    machine.uring = core::read_uring_facts();
    if (const auto probe = core::probe_uring()) {
        machine.uring_text = core::text_of(*probe);
    } else {
        machine.uring_errno = probe.error().sys;
    }
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    machine.descriptors_hard = limit.rlim_max;
    machine.cpus = core::read_cpu_budget();
    machine.somaxconn = core::read_system_number("/proc/sys/net/core/somaxconn");
    machine.tcp_migrate_req = core::read_system_number("/proc/sys/net/ipv4/tcp_migrate_req");
    machine.conntrack_max = core::read_system_number("/proc/sys/net/netfilter/nf_conntrack_max");
    machine.local_ports = read_port_range();
    return machine;
}

}  // namespace ringway::shards::cli
