// Runs a program where something that io_uring needs is denied, as containers, old kernels and
// small limits do:
//
//   deny [--io-uring ERRNO] [--memlock BYTES] [--nofile COUNT] [--nobody]
//        [--old-kernel] PROGRAM [ARGUMENT...]
//
// --io-uring makes io_uring_setup fail with EPERM, ENOSYS, EINVAL or ENOMEM by a seccomp filter:
// EPERM is what container runtimes do, ENOSYS a kernel without io_uring, EINVAL one older than 6.1.
// --nobody gives up root, so that the memlock limit counts. --old-kernel lets uname say 2.6.
// Ends with the program's own status, or 99 when nothing could be denied.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
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

[[noreturn]] void refuse(const char* what) {
    errno = EINVAL;
    give_up(what);
}

unsigned errno_named(std::string_view name) {
    if (name == "EPERM") return EPERM;
    if (name == "ENOSYS") return ENOSYS;
    if (name == "EINVAL") return EINVAL;
    if (name == "ENOMEM") return ENOMEM;
    refuse("deny: --io-uring takes EPERM, ENOSYS, EINVAL or ENOMEM");
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

// Applies the option at `*argument` and returns the next one.
char** apply(char** argument) {
    const std::string_view option = *argument++;
    if (option == "--nobody") {
        become_nobody();
        return argument;
    }
    if (option == "--old-kernel") {
        if (personality(UNAME26) == -1) give_up("deny: personality");
        return argument;
    }
    if (*argument == nullptr) refuse("deny: an option lacks its value");
    if (option == "--io-uring") {
        fail_io_uring_setup(errno_named(*argument));
    } else if (option == "--memlock") {
        limit(RLIMIT_MEMLOCK, *argument);
    } else if (option == "--nofile") {
        limit(RLIMIT_NOFILE, *argument);
    } else {
        refuse("deny: unknown option");
    }
    return argument + 1;
}

}  // namespace

int main(int, char** argv) {
    char** argument = argv + 1;
    while (*argument != nullptr && std::string_view(*argument).starts_with("--")) {
        argument = apply(argument);
    }
    if (*argument == nullptr) refuse("deny: no program given");
    execvp(*argument, argument);
    give_up("deny: the program cannot be run");
}
