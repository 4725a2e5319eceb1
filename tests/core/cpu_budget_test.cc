#include "core/cpu_budget.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ringway::core {
namespace {

namespace fs = std::filesystem;

// A root directory with a /proc and cgroup files as some machine has them.
class CpuQuota : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/ringway_cpu_budget_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root_ = name;
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const std::string& path, std::string_view text) {
        fs::create_directories(fs::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text;
    }
    std::optional<double> quota() const { return read_cpu_quota(root_); }

    std::string root_;
};

constexpr std::string_view mounts_v2 =
    "24 30 0:22 / /proc rw,nosuid - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view mounts_v1 =
    "31 23 0:27 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 23 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

TEST_F(CpuQuota, Version2IsReadFromCpuMax) {
    write("/proc/self/mountinfo", mounts_v2);
    write("/proc/self/cgroup", "0::/system.slice/ringway.service\n");
    write("/sys/fs/cgroup/system.slice/ringway.service/cpu.max", "150000 100000\n");
    EXPECT_EQ(quota(), 1.5);
}

TEST_F(CpuQuota, TheSmallestOfAllAncestorsCounts) {
    write("/proc/self/mountinfo", mounts_v2);
    write("/proc/self/cgroup", "0::/a/b/c\n");
    write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
    write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    EXPECT_EQ(quota(), 2.0);
}

TEST_F(CpuQuota, AContainerSeesItsOwnAtTheMountPoint) {
    write("/proc/self/mountinfo", mounts_v2);
    write("/proc/self/cgroup", "0::/\n");
    write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(quota(), 0.5);
}

TEST_F(CpuQuota, Version1IsReadFromTheCpuController) {
    write("/proc/self/mountinfo", mounts_v1);
    write("/proc/self/cgroup", "9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n");
    write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(quota(), 3.0);
}

TEST_F(CpuQuota, NoQuotaIsNone) {
    EXPECT_EQ(quota(), std::nullopt);
    write("/proc/self/mountinfo", mounts_v1);
    write("/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc\n");
    EXPECT_EQ(quota(), std::nullopt);
    write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CpuQuota, StrangeTextIsNoQuota) {
    write("/proc/self/mountinfo", "\n- cgroup2\n30 23 0:26 / /c - cgroup2\n");
    write("/proc/self/cgroup", "0::no/slash/first\n::\nx\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST(CpuBudget, ReadsCpuMax) {
    EXPECT_EQ(quota_in("50000 100000"), 0.5);
    for (const char* text : {"", "max 100000", "max", "0 100000", "5", "5 0", "-1 100000"}) {
        EXPECT_EQ(quota_in(text), std::nullopt) << text;
    }
}

TEST(CpuBudget, AShardPerCpuAndNoMoreThanTheQuotaPays) {
    EXPECT_EQ((CpuBudget{{0, 1, 2, 3}, std::nullopt}.shards()), 4U);
    EXPECT_EQ((CpuBudget{{0, 1, 2, 3}, 1.5}.shards()), 2U);
    EXPECT_EQ((CpuBudget{{0, 1, 2, 3}, 0.1}.shards()), 1U);
    EXPECT_EQ((CpuBudget{{2, 3}, 64.0}.shards()), 2U);
}

TEST(CpuBudget, HonoursTheAffinityMask) {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    const int last = read_cpu_budget().allowed.back();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(last), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    const CpuBudget budget = read_cpu_budget();
    ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
    EXPECT_EQ(budget.allowed, std::vector{last});
    EXPECT_EQ(budget.shards(), 1U);
}

}  // namespace
}  // namespace ringway::core
