// Runs a program where something that io_uring needs is denied, as containers, old kernels and
// small limits do:
//
//   deny [--io-uring ERRNO] [--memlock BYTES] [--nofile COUNT] [--nobody] PROGRAM [ARGUMENT...]
//
// --io-uring makes io_uring_setup fail with EPERM, ENOSYS, EINVAL or ENOMEM by a seccomp filter:
// EPERM is what container runtimes do, ENOSYS a kernel without io_uring, EINVAL one older than 6.1.
// --nobody gives up root, so that the memlock limit counts. Ends with the program's own status, or
// 99 when nothing could be denied.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(99);
}

unsigned errno_named(std::string_view name) {
    if (name == "EPERM") return EPERM;
    if (name == "ENOSYS") return ENOSYS;
    if (name == "EINVAL") return EINVAL;
    if (name == "ENOMEM") return ENOMEM;
    errno = EINVAL;
    give_up("deny: --io-uring takes EPERM, ENOSYS, EINVAL or ENOMEM");
}

void fail_io_uring_setup(unsigned error) {
    std::array program{
        sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        give_up("deny: seccomp");
    }
}

void limit(__rlimit_resource resource, const char* value) {
    const rlim_t number = std::strtoull(value, nullptr, 10);
    const rlimit both{.rlim_cur = number, .rlim_max = number};
    if (setrlimit(resource, &both) != 0) give_up("deny: setrlimit");
}

void become_nobody() {
    constexpr unsigned nobody = 65534;
    if (setresgid(nobody, nobody, nobody) != 0 || setresuid(nobody, nobody, nobody) != 0) {
        give_up("deny: nobody");
    }
}

}  // namespace

int main(int argc, char** argv) {
    unsigned error = 0;
    bool nobody = false;
    int next = 1;
    for (; next < argc && std::string_view(argv[next]).starts_with("--"); ++next) {
        const std::string_view option = argv[next];
        if (option == "--nobody") {
            nobody = true;
            continue;
        }
        const char* value = next + 1 < argc ? argv[++next] : "";
        if (option == "--io-uring") {
            error = errno_named(value);
        } else if (option == "--memlock") {
            limit(RLIMIT_MEMLOCK, value);
        } else if (option == "--nofile") {
            limit(RLIMIT_NOFILE, value);
        } else {
            errno = EINVAL;
            give_up("deny: unknown option");
        }
    }
    if (next == argc) {
        errno = EINVAL;
        give_up("deny: no program given");
    }
    if (nobody) become_nobody();
    if (error != 0) fail_io_uring_setup(error);
    execv(argv[next], argv + next);
    give_up("deny: the program cannot be run");
}
