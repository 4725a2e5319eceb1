#include "shards/cli/doctor.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace ringway::shards::cli {
namespace {

using Verdict = Finding::Verdict;

// A machine that lacks nothing.
Machine good_machine() {
    return {.uring = {.kernel_release = "6.18.4",
                      .sysctl_disabled = 0,
                      .seccomp_filtered = false,
                      .privileged = false,
                      .memlock_bytes = ~std::uint64_t{0},
                      .descriptors = 1'024},
            .descriptors_hard = 1'000'000,
            .uring_errno = 0,
            .uring_text = "kernel 6.18.4, io_uring: all there",
            .cpus = {.allowed = {0, 1, 2, 3}, .quota = std::nullopt},
            .somaxconn = 4'096,
            .tcp_migrate_req = 1,
            .conntrack_max = std::nullopt,
            .local_ports = PortRange{.first = 32'768, .last = 60'999}};
}

// What `examine` says that is not ok, one "verdict: text; cure" a line.
std::string complaints(const Machine& machine, const config::Config& config = {}) {
    std::string lines;
    for (const Finding& finding : examine(machine, config)) {
        if (finding.verdict == Verdict::ok) continue;
        EXPECT_FALSE(finding.cure.empty()) << finding.text;
        lines += (finding.verdict == Verdict::lack ? "lack: " : "hint: ") + finding.text + "; " +
                 finding.cure + "\n";
    }
    return lines;
}

TEST(Doctor, HasNothingToSayOfAGoodMachine) {
    EXPECT_EQ(complaints(good_machine()), "");
    EXPECT_EQ(examine(good_machine(), {}).size(), 8U);
}

TEST(Doctor, AsksForANewerKernel) {
    Machine machine = good_machine();
    machine.uring.kernel_release = "5.15.0";
    EXPECT_EQ(complaints(machine),
              "lack: kernel 5.15.0; 6.1 or newer is needed; boot a kernel of 6.1 or newer (Debian "
              "12 has one: apt-get install linux-image-amd64)\n");
}

TEST(Doctor, SaysWhoDeniesIoUring) {
    Machine machine = good_machine();
    machine.uring_errno = EPERM;
    machine.uring.sysctl_disabled = 2;
    EXPECT_EQ(complaints(machine),
              "lack: io_uring is disabled for everybody by sysctl kernel.io_uring_disabled=2; run: "
              "sysctl -w kernel.io_uring_disabled=0\n");
}

TEST(Doctor, CountsDescriptorsPerShard) {
    Machine machine = good_machine();
    machine.descriptors_hard = 50'063;
    EXPECT_EQ(complaints(machine),
              "lack: descriptors: 50063 allowed; 50064 needed in each of 4 shards for "
              "limits.connections = 100000; ulimit -n 50064 (systemd: LimitNOFILE=50064, docker: "
              "--ulimit nofile=50064), or a smaller [limits] connections\n");
    machine.descriptors_hard = 50'064;
    EXPECT_EQ(complaints(machine), "");
    config::Config config;
    config.limits.connections = 5'000;
    config.shards.count = 2;
    machine.descriptors_hard = 5'064;
    EXPECT_EQ(complaints(machine, config), "");
}

TEST(Doctor, CountsLockedMemoryWhereTheKernelChargesIt) {
    Machine machine = good_machine();
    machine.uring.memlock_bytes = 64 << 10;
    EXPECT_EQ(complaints(machine),
              "lack: locked memory: 64 KB allowed; 800 KB needed; ulimit -l unlimited (systemd: "
              "LimitMEMLOCK=infinity, docker: --ulimit memlock=-1)\n");
    machine.uring.privileged = true;
    EXPECT_EQ(complaints(machine), "");
    machine.uring.privileged = false;
    machine.uring.kernel_release = "6.12.0";
    EXPECT_EQ(complaints(machine), "");
}

TEST(Doctor, AdvisesAgainstMoreShardsThanCpus) {
    config::Config config;
    config.shards.count = 8;
    EXPECT_EQ(complaints(good_machine(), config),
              "hint: CPUs: 4 allowed, no quota; shards: 8; [shards] count = \"auto\" would be 4\n");
}

TEST(Doctor, AdvisesAgainstAQuotaThatCutsCpus) {
    Machine machine = good_machine();
    machine.cpus.quota = 1.5;
    EXPECT_EQ(complaints(machine),
              "hint: CPUs: 4 allowed, a quota of 1.50; shards: 2; give whole CPUs instead of a "
              "quota, which adds its period to the latency (docker: --cpuset-cpus instead of "
              "--cpus)\n");
}

TEST(Doctor, NamesTheCommandForEachSetting) {
    Machine machine = good_machine();
    machine.somaxconn = 128;
    machine.tcp_migrate_req = 0;
    machine.conntrack_max = 65'536;
    machine.local_ports = PortRange{.first = 50'000, .last = 50'999};
    EXPECT_EQ(complaints(machine),
              "hint: net.core.somaxconn = 128: connections that may wait to be accepted; sysctl -w "
              "net.core.somaxconn=4096\n"
              "hint: net.ipv4.tcp_migrate_req = 0: 1 moves waiting connections to another shard "
              "when a listener closes; sysctl -w net.ipv4.tcp_migrate_req=1\n"
              "hint: net.ipv4.ip_local_port_range = 50000 50999: 1000 connections to one backend "
              "address; sysctl -w net.ipv4.ip_local_port_range=\"15000 65535\"\n"
              "hint: net.netfilter.nf_conntrack_max = 65536: connections the firewall keeps track "
              "of, two per client; sysctl -w net.netfilter.nf_conntrack_max=200000\n");
}

TEST(Doctor, WhatCannotBeSeenIsNoComplaint) {
    Machine machine = good_machine();
    machine.somaxconn = machine.tcp_migrate_req = std::nullopt;
    machine.local_ports = std::nullopt;
    EXPECT_EQ(complaints(machine), "");
}

TEST(Doctor, ReadsThisMachine) {
    const Answer answer = doctor({});
    EXPECT_NE(answer.exit, Exit::refused);
    EXPECT_NE(answer.out.find("io_uring"), std::string::npos);
    EXPECT_EQ(answer.exit == Exit::failed, answer.out.find("\nlack ") != std::string::npos)
        << answer.out;
}

TEST(Doctor, RefusesAConfigurationWithErrors) {
    const Answer answer = doctor({.file = "/nowhere.toml"});
    EXPECT_EQ(answer.exit, Exit::refused);
    EXPECT_EQ(answer.err, "/nowhere.toml: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace ringway::shards::cli
