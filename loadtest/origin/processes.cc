#include "loadtest/origin/processes.h"

#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/listen_socket.h"

namespace ringway::loadtest {

namespace {

// What posix_spawn is told besides the command; it wants to be freed.
class SpawnPlan {
public:
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        // Ours are blocked, to be read from a descriptor; the child blocks its own.
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    // A dup2 onto itself is how a descriptor is told to survive the exec.
    void keep(int fd) { posix_spawn_file_actions_adddup2(&actions_, fd, fd); }
    int run(std::vector<std::string> words, pid_t& pid) {
        std::vector<char*> arguments;
        arguments.reserve(words.size() + 1);
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return posix_spawn(&pid, "/proc/self/exe", &actions_, &attributes_, arguments.data(),
                           environ);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

// The ring of a dead process is taken down by a kernel worker after the process is gone; its accept
// keeps the socket listening until then, a few milliseconds.
void await_closed(const core::Address& address) {
    constexpr int looks_max = 2'000;
    for (int look = 0; look < looks_max && !core::holder_of(address).empty(); look++) {
        ::poll(nullptr, 0, 1);
    }
}

}  // namespace

OriginProcesses::OriginProcesses(const Board& board, Report& report, const OriginOptions& options)
    : board_(board), report_(report), options_(options) {}

OriginProcesses::~OriginProcesses() {
    for (std::uint32_t number = 0; number < report_.size(); number++) {
        const int pid = report_.place(number).pid;
        if (pid != 0) ::kill(pid, SIGTERM);
    }
    for (std::uint32_t number = 0; number < report_.size(); number++) {
        const int pid = report_.place(number).pid;
        if (pid != 0) waitpid(pid, nullptr, 0);
    }
}

std::string OriginProcesses::run(std::uint32_t number, int listen_fd) {
    const OriginChild child{.board_fd = board_.fd(),
                            .listen_fd = listen_fd,
                            .number = number,
                            .parent = static_cast<std::uint32_t>(::getpid())};
    std::vector<std::string> words{"ringway-origin",
                                   "--child",
                                   child.text(),
                                   "--listen",
                                   report_.place(number).address.text(),
                                   "--seed",
                                   fmt::format("{}", options_.seed)};
    if (!options_.log_bytes.empty()) {
        words.emplace_back("--log-bytes");
        words.push_back(options_.log_bytes);
    }
    SpawnPlan plan;
    plan.keep(board_.fd());
    plan.keep(listen_fd);
    pid_t pid = 0;
    const int sys = plan.run(std::move(words), pid);
    ::close(listen_fd);
    if (sys != 0) return fmt::format("no process for backend {}: {}", number, std::strerror(sys));
    report_.place(number).pid = pid;
    return "";
}

void OriginProcesses::reap() {
    int status = 0;
    for (int pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        note_end(pid, status);
    }
}

void OriginProcesses::note_end(int pid, int status) {
    for (std::uint32_t number = 0; number < report_.size(); number++) {
        if (report_.place(number).pid != pid) continue;
        report_.place(number).pid = 0;
        const bool was_killed = WIFSIGNALED(status);
        fmt::print("backend {} ended (pid {}, {} {})\n", number, pid,
                   was_killed ? "signal" : "status",
                   was_killed ? WTERMSIG(status) : WEXITSTATUS(status));
        std::fflush(stdout);
    }
}

std::string OriginProcesses::kill(std::uint32_t number) {
    const int pid = report_.place(number).pid;
    if (pid == 0) return "it has no process";
    ::kill(pid, SIGKILL);
    int status = 0;
    // When we answer, it is dead and its port is closed.
    waitpid(pid, &status, 0);
    note_end(pid, status);
    await_closed(report_.place(number).address);
    return "";
}

std::string OriginProcesses::start(std::uint32_t number) {
    const Place& place = report_.place(number);
    if (place.pid != 0) return "it has a process";
    await_closed(place.address);
    const core::Result<int> fd = core::open_listen_socket(place.address, {.exclusive = true});
    if (!fd) return fmt::format("it cannot listen: {}", std::strerror(fd.error().sys));
    return run(number, *fd);
}

}  // namespace ringway::loadtest
