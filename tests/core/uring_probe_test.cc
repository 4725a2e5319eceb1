#include "core/uring_probe.h"

#include <gtest/gtest.h>
#include <liburing.h>

#include <cerrno>

namespace ringway::core {
namespace {

UringFacts facts() {
    return {.kernel_release = "6.12.9-amd64",
            .sysctl_disabled = 0,
            .seccomp_filtered = false,
            .privileged = false,
            .memlock_bytes = 8 << 20,
            .descriptors = 1'024};
}

TEST(KernelVersion, IsReadFromTheRelease) {
    EXPECT_EQ(kernel_version_in("6.1.0-18-amd64"), (KernelVersion{6, 1}));
    EXPECT_EQ(kernel_version_in("6.18"), (KernelVersion{6, 18}));
    EXPECT_EQ(kernel_version_in("5.15.0"), (KernelVersion{5, 15}));
    for (const char* text : {"", "6", "6.", "x.y", ".1"}) {
        EXPECT_EQ(kernel_version_in(text), KernelVersion{}) << text;
    }
    EXPECT_LT(kernel_version_in("5.19.7"), kernel_floor);
    EXPECT_GE(kernel_version_in("6.1.0"), kernel_floor);
    EXPECT_GE(kernel_version_in("7.0.0"), kernel_floor);
}

TEST(UringFailure, NoSystemCallOnAnOldKernelAsksForANewerOne) {
    UringFacts old = facts();
    old.kernel_release = "4.19.0-26-amd64";
    EXPECT_EQ(
        explain_uring_failure(ENOSYS, old),
        "kernel 4.19.0-26-amd64 lacks the io_uring that ringway needs; run kernel 6.1 or newer");
}

TEST(UringFailure, NoSystemCallOnANewKernelIsABuildWithoutIt) {
    EXPECT_EQ(explain_uring_failure(ENOSYS, facts()),
              "kernel 6.12.9-amd64 was built without io_uring; run one with CONFIG_IO_URING=y");
}

TEST(UringFailure, NoSystemCallUnderAFilterIsTheFilter) {
    UringFacts filtered = facts();
    filtered.seccomp_filtered = true;
    EXPECT_EQ(explain_uring_failure(ENOSYS, filtered),
              "io_uring is hidden by a seccomp filter; allow io_uring_setup, io_uring_enter and "
              "io_uring_register in the container's seccomp profile (docker: --security-opt "
              "seccomp=PROFILE.json; for a trial: --security-opt seccomp=unconfined)");
}

TEST(UringFailure, TheSysctlIsNamedWithItsValue) {
    UringFacts disabled = facts();
    disabled.sysctl_disabled = 2;
    disabled.privileged = true;
    EXPECT_EQ(
        explain_uring_failure(EPERM, disabled),
        "io_uring is disabled for everybody by sysctl kernel.io_uring_disabled=2; run: sysctl "
        "-w kernel.io_uring_disabled=0");
    disabled.sysctl_disabled = 1;
    disabled.privileged = false;
    EXPECT_EQ(
        explain_uring_failure(EPERM, disabled),
        "io_uring is disabled for this user by sysctl kernel.io_uring_disabled=1; run: sysctl "
        "-w kernel.io_uring_disabled=0, or put the user's group into sysctl "
        "kernel.io_uring_group");
}

TEST(UringFailure, AFilterThatForbidsIsNamed) {
    UringFacts filtered = facts();
    filtered.seccomp_filtered = true;
    EXPECT_EQ(explain_uring_failure(EPERM, filtered),
              "io_uring is blocked by a seccomp filter, as containers have; allow io_uring_setup, "
              "io_uring_enter and io_uring_register in the container's seccomp profile (docker: "
              "--security-opt seccomp=PROFILE.json; for a trial: --security-opt "
              "seccomp=unconfined)");
    // The sysctl does not concern root at 1, so for root it is not the cause.
    filtered.sysctl_disabled = 1;
    filtered.privileged = true;
    EXPECT_TRUE(
        explain_uring_failure(EPERM, filtered).starts_with("io_uring is blocked by a secc"));
}

TEST(UringFailure, WhatIsForbiddenByNeitherIsASecurityModule) {
    EXPECT_EQ(
        explain_uring_failure(EPERM, facts()),
        "io_uring is denied by a security module (SELinux, AppArmor); look for io_uring in the "
        "output of: dmesg");
}

TEST(UringFailure, AnOldKernelRefusesOurFlags) {
    UringFacts old = facts();
    old.kernel_release = "5.15.0-100-generic";
    EXPECT_EQ(explain_uring_failure(EINVAL, old),
              "kernel 5.15.0-100-generic lacks DEFER_TASKRUN; run kernel 6.1 or newer");
    EXPECT_TRUE(explain_uring_failure(EINVAL, facts()).starts_with("io_uring refuses what kernel"));
}

TEST(UringFailure, LockedMemoryIsNamedWithItsNumbers) {
    UringFacts small = facts();
    small.memlock_bytes = 64 << 10;
    EXPECT_EQ(
        explain_uring_failure(ENOMEM, small),
        "each shard's ring needs 200 KB of RLIMIT_MEMLOCK and the limit of this user is 64 KB; "
        "run: ulimit -l unlimited (systemd: LimitMEMLOCK=infinity, docker: --ulimit "
        "memlock=-1)");
    small.privileged = true;
    EXPECT_EQ(explain_uring_failure(ENOMEM, small),
              "the kernel has no memory for a ring of 200 KB; free some or run fewer shards: "
              "[shards] count");
}

TEST(UringFailure, DescriptorsAreNamedWithTheirLimit) {
    EXPECT_EQ(explain_uring_failure(EMFILE, facts()),
              "no descriptor is left for a ring: the limit of this process is 1024; run: ulimit -n "
              "65536 (systemd: LimitNOFILE=65536)");
    EXPECT_EQ(explain_uring_failure(ENFILE, facts()),
              "no descriptor is left on the whole machine; run: sysctl -w fs.file-max=1000000");
}

TEST(UringFailure, AnUnknownErrnoIsNotHidden) {
    EXPECT_EQ(
        explain_uring_failure(EXDEV, facts()),
        "io_uring failed with \"Invalid cross-device link\" (errno 18); see what this machine "
        "allows with: ringway doctor");
}

TEST(UringFailure, EveryCauseIsOneLine) {
    for (int sys = 1; sys < 134; ++sys) {
        EXPECT_EQ(explain_uring_failure(sys, facts()).find('\n'), std::string::npos) << sys;
    }
}

TEST(UringFacts, AreThoseOfThisProcess) {
    const UringFacts here = read_uring_facts();
    EXPECT_GT(kernel_version_in(here.kernel_release), KernelVersion{});
    EXPECT_GT(here.descriptors, 0U);
    EXPECT_EQ(here.privileged, geteuid() == 0);
}

TEST(UringProbe, MakesARingWhereTheTestsRun) {
    const auto probe = probe_uring();
    ASSERT_TRUE(probe.has_value()) << explain_uring_failure(probe.error().sys);
    EXPECT_NE(probe->features & IORING_FEAT_NODROP, 0U);
    EXPECT_EQ(probe->completion_entries, probe->completion_entries_wanted);
    EXPECT_TRUE(probe->lacking.empty());
}

TEST(UringProbe, LeavesNoDescriptorBehind) {
    const int before = dup(0);
    close(before);
    ASSERT_TRUE(probe_uring().has_value());
    const int after = dup(0);
    close(after);
    EXPECT_EQ(after, before);
}

TEST(UringProbe, TheLogLineNamesWhatIsUsedAndWhatFellBack) {
    UringProbe probe{.kernel_release = "6.18.4",
                     .features = ~0U,
                     .bounded_multishot = true,
                     .completion_entries = 8'192,
                     .completion_entries_wanted = 8'192,
                     .ring_registered = true};
    EXPECT_EQ(
        text_of(probe),
        "kernel 6.18.4, io_uring: features used DEFER_TASKRUN, buffer rings, multishot accept, "
        "NODROP, EXT_ARG, NO_IOWAIT, bounded multishot receives, registered ring; fallbacks none");
    probe.features = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
    probe.bounded_multishot = false;
    probe.completion_entries = 2'048;
    probe.ring_registered = false;
    EXPECT_EQ(
        text_of(probe),
        "kernel 6.18.4, io_uring: features used DEFER_TASKRUN, buffer rings, multishot accept, "
        "NODROP, EXT_ARG; fallbacks no NO_IOWAIT: idle shards are shown as waiting for I/O, "
        "no bounded multishot receives: a small request costs a tenth more, "
        "ring not registered, completion queue of 2048 instead of 8192 for lack of memory");
}

}  // namespace
}  // namespace ringway::core
