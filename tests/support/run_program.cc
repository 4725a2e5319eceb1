#include "tests/support/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "core/check.h"

namespace ringway::tests {
namespace {

struct Pipe {
    Pipe() { CHECK(pipe2(ends, O_CLOEXEC) == 0); }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_end(int index) {
        if (ends[index] >= 0) close(ends[index]);
        ends[index] = -1;
    }
    int ends[2] = {-1, -1};
};

[[noreturn]] void become(const std::vector<std::string>& command, const Pipe& out,
                         const Pipe& err) {
    std::vector<std::string> words = command;
    words[0] = program_path(command[0]);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    dup2(out.ends[1], STDOUT_FILENO);
    dup2(err.ends[1], STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
}

void read_to_end(Pipe& out, Pipe& err, ProgramEnd& end) {
    std::array<pollfd, 2> waits{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0}};
    std::array<std::string*, 2> texts{&end.out, &end.err};
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        CHECK(poll(waits.data(), waits.size(), -1) > 0);
        for (std::size_t i = 0; i < waits.size(); ++i) {
            if (waits[i].fd < 0 || waits[i].revents == 0) continue;
            char block[4'096];
            const ssize_t got = read(waits[i].fd, block, sizeof block);
            if (got > 0)
                texts[i]->append(block, static_cast<std::size_t>(got));
            else
                waits[i].fd = -1;
        }
    }
}

}  // namespace

std::string program_path(const std::string& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

ProgramEnd run_program(const std::vector<std::string>& command) {
    Pipe out;
    Pipe err;
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) become(command, out, err);
    out.close_end(1);
    err.close_end(1);
    ProgramEnd end;
    read_to_end(out, err, end);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    return end;
}

}  // namespace ringway::tests
