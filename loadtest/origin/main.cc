// ringway-origin in its three shapes: all backends in this process, the first process of a fleet
// of processes, or one backend of such a fleet.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "core/uring_io.h"
#include "core/uring_probe.h"
#include "loadtest/origin/command_line.h"
#include "loadtest/origin/listeners.h"
#include "loadtest/origin/origin.h"
#include "loadtest/origin/processes.h"
#include "loadtest/origin/tap_io.h"

namespace ringway::loadtest {

namespace {

int refuse(std::string_view why) {
    fmt::print(stderr, "ringway-origin: {}\n", why);
    return 1;
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// The engine of a process, tapped if the bytes are wanted.
class Engine {
public:
    // An empty string, or what stands in the way.
    std::string start(const std::string& log_bytes) {
        core::UringIo::Options options;
        options.look_max = {};  // Who shares our CPU, as a lab's load does, would wait meanwhile.
        auto made = core::UringIo::make(options);
        if (!made) return core::explain_uring_failure(made.error().sys);
        io_ = std::move(*made);
        if (log_bytes.empty()) return "";
        log_fd_ = ::open(log_bytes.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_fd_ < 0) return fmt::format("cannot write {}", log_bytes);
        tap_ = std::make_unique<TapIo>(*io_, log_fd_);
        return "";
    }
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() {
        tap_.reset();
        if (log_fd_ >= 0) ::close(log_fd_);
    }

    core::Io& io() { return *io_; }
    core::Io& backend_io() { return tap_ ? static_cast<core::Io&>(*tap_) : *io_; }

private:
    std::unique_ptr<core::UringIo> io_;
    std::unique_ptr<TapIo> tap_;
    int log_fd_ = -1;
};

class Signals final : public SignalEvents {
public:
    Signals(const Report* report, OriginProcesses* processes)
        : report_(report), processes_(processes) {}

private:
    void on_report_wanted() override {
        if (report_ != nullptr) print(report_->all());
    }
    void on_child_ended() override {
        if (processes_ != nullptr) processes_->reap();
    }

    const Report* report_;
    OriginProcesses* processes_;
};

// --- One backend of a fleet of processes --------------------------------------------------------

int run_child(const OriginChild& child, const OriginOptions& options) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    // It may have been killed before it could be said, and then nothing would end us.
    if (static_cast<std::uint32_t>(getppid()) != child.parent) return 0;
    const int signal_fd = open_signals();
    const core::Result<std::unique_ptr<Board>> board = Board::open(child.board_fd);
    if (!board) return refuse(board.error().what);
    Engine engine;
    if (const std::string why = engine.start(options.log_bytes); !why.empty()) return refuse(why);
    Signals signals{nullptr, nullptr};
    Origin origin{{.io = engine.io(),
                   .backend_io = engine.backend_io(),
                   .board = **board,
                   .signals = signals,
                   .signal_fd = signal_fd,
                   .seed = options.seed,
                   .is_board_shared = true}};
    origin.add_backend(child.number, child.listen_fd, options.listen);
    origin.run();
    ::close(signal_fd);
    return 0;
}

// --- The process that a person starts -----------------------------------------------------------

// What is the same with and without --processes. The backends listen before the control port does:
// who reaches that finds all of them.
class Program {
public:
    Program(Board& board, const OriginOptions& options, const std::vector<Listening>& listening)
        : board_(board),
          options_(options),
          listening_(listening),
          report_(board, places(listening)),
          processes_(board, report_, options) {}

    int run(int signal_fd);

private:
    static std::vector<Place> places(const std::vector<Listening>& listening);
    std::string start_processes();
    void start_backends(Origin& origin);
    std::string start_control(Origin& origin, ControlRoutes& routes);
    void announce();

    Board& board_;
    const OriginOptions& options_;
    const std::vector<Listening>& listening_;
    Report report_;
    OriginProcesses processes_;
};

std::vector<Place> Program::places(const std::vector<Listening>& listening) {
    std::vector<Place> all;
    all.reserve(listening.size());
    for (const Listening& one : listening) all.push_back({.address = one.address});
    return all;
}

std::string Program::start_processes() {
    for (std::uint32_t i = 0; i < report_.size(); i++) {
        if (std::string why = processes_.run(i, listening_[i].fd); !why.empty()) return why;
    }
    return "";
}

void Program::start_backends(Origin& origin) {
    for (std::uint32_t i = 0; i < report_.size(); i++) {
        origin.add_backend(i, listening_[i].fd, listening_[i].address);
        report_.place(i).pid = getpid();
    }
}

std::string Program::start_control(Origin& origin, ControlRoutes& routes) {
    const auto control = open_listeners(*options_.control, 1);
    if (!control) return control.error();
    origin.add_control(control->front().fd, routes);
    print(fmt::format("control listens on {}\n", control->front().address.text()));
    return "";
}

void Program::announce() {
    for (std::uint32_t i = 0; i < report_.size(); i++) {
        const Place& place = report_.place(i);
        print(
            fmt::format("backend {} listens on {} (pid {})\n", i, place.address.text(), place.pid));
    }
}

int Program::run(int signal_fd) {
    std::string why = options_.processes ? start_processes() : "";
    if (!why.empty()) return refuse(why);
    Engine engine;
    why = engine.start(options_.processes ? "" : options_.log_bytes);
    if (!why.empty()) return refuse(why);
    Signals signals{&report_, options_.processes ? &processes_ : nullptr};
    ControlRoutes routes{board_, report_, options_.processes ? &processes_ : nullptr};
    Origin origin{{.io = engine.io(),
                   .backend_io = engine.backend_io(),
                   .board = board_,
                   .signals = signals,
                   .signal_fd = signal_fd,
                   .seed = options_.seed}};
    if (!options_.processes) start_backends(origin);
    announce();
    if (options_.control) why = start_control(origin, routes);
    if (!why.empty()) origin.stop();
    origin.run();
    if (!why.empty()) return refuse(why);
    if (options_.json) print(report_.all());
    return 0;
}

int run_program(const OriginOptions& options) {
    const int signal_fd = open_signals();
    const core::Result<std::unique_ptr<Board>> board = Board::make();
    if (!board) return refuse(board.error().what);
    const auto count = static_cast<std::uint32_t>(options.backends.size());
    for (std::uint32_t i = 0; i < count; i++) (*board)->post(i, options.backends[i]);
    const auto listening = open_listeners(options.listen, count);
    if (!listening) return refuse(listening.error());
    Program program{**board, options, *listening};
    const int status = program.run(signal_fd);
    ::close(signal_fd);
    return status;
}

}  // namespace

}  // namespace ringway::loadtest

int main(int argc, char** argv) {
    using namespace ringway::loadtest;
    const auto command = read_origin_command_line(argc, argv);
    if (!command) return command.error();
    raise_descriptor_limit();
    return command->child ? run_child(*command->child, command->options)
                          : run_program(command->options);
}
