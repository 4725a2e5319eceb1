// ringway-load: its threads, their descriptor tables, the signals, and what is shown meanwhile.

#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/uring_io.h"
#include "core/uring_probe.h"
#include "loadtest/load/command_line.h"
#include "loadtest/load/generator.h"
#include "loadtest/load/report.h"
#include "loadtest/load/source_io.h"

namespace ringway::loadtest {

namespace {

using Seconds = std::chrono::duration<double>;

int refuse(std::string_view why) {
    fmt::print(stderr, "ringway-load: {}\n", why);
    return 1;
}

core::Instant monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return core::Instant{std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)};
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// Blocked before there are threads, so that none of them is interrupted.
int open_stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// An empty string, or which source is no address of ours.
std::string try_sources(const std::vector<core::Address>& sources) {
    for (const core::Address& source : sources) {
        const int fd = ::socket(source.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool is_ours = fd >= 0 && ::bind(fd, source.data(), source.size()) == 0;
        const int sys = errno;
        if (fd >= 0) ::close(fd);
        if (!is_ours) {
            return fmt::format("--sources: nothing can come from {}: {}", source.text(),
                               std::strerror(sys));
        }
    }
    return "";
}

// Nobody is to wait a minute to hear that nobody listens there. An empty string, or what is wrong.
std::string try_target(const LoadOptions& load) {
    const core::Address& target = load.target;
    const int fd = ::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fmt::format("no socket: {}", std::strerror(errno));
    const auto patience = std::chrono::duration_cast<std::chrono::microseconds>(load.timeout);
    const timeval time{.tv_sec = patience.count() / 1'000'000,
                       .tv_usec = patience.count() % 1'000'000};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);  // Of connect, too.
    std::string why;
    if (::connect(fd, target.data(), target.size()) != 0) {
        const int sys = errno == EINPROGRESS ? ETIMEDOUT : errno;
        why = fmt::format("cannot connect to {}: {}", target.text(), std::strerror(sys));
    }
    ::close(fd);
    return why;
}

bool write_all(std::FILE* file, const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

// --- A thread of the load -----------------------------------------------------------------------

struct Worker {
    const LoadOptions& load;
    LoadStage& stage;
    std::uint32_t number;
    std::uint32_t first;  // Of all connections, the first of its own,
    std::uint32_t connections;
    std::string failure = {};  // Read when the thread has ended.

    void run();
};

core::UringIo::Options engine_options() {
    core::UringIo::Options options;
    options.client_pool.count = options.receive_ring_entries;  // Nothing lands there.
    options.look_max = {};  // Who shares our CPU, as a lab's origin does, would wait meanwhile.
    return options;
}

void Worker::run() {
    // A limit of descriptors per thread, and no lock shared on opening and closing them. Where it
    // is refused the threads share one table.
    unshare(CLONE_FILES);
    // Open loops sleep until the next request is due; the usual slack is 50 us.
    prctl(PR_SET_TIMERSLACK, 1'000UL);
    auto io = core::UringIo::make(engine_options());
    if (!io) {
        failure = core::explain_uring_failure(io.error().sys);
        stage.stop();
        return stage.leave();
    }
    SourceIo sources{**io,
                     {.sources = load.sources,
                      .first = load.sources.size() * number / load.threads,
                      .receive_buffer_bytes = static_cast<int>(load.receive_buffer)}};
    LoadGenerator generator{{.load = load,
                             .io = sources,
                             .stage = stage,
                             .number = number,
                             .count = load.threads,
                             .first = first,
                             .connections = connections}};
    while (!generator.is_finished()) generator.tick();
}

// --- The whole ----------------------------------------------------------------------------------

class LoadRun {
public:
    LoadRun(const LoadOptions& options, int signal_fd)
        : options_(options), signal_fd_(signal_fd), stage_(options.threads) {}

    int run();

private:
    void start();
    void watch();
    void on_signal();
    void begin(core::Instant at);
    void on_ramp_second(core::Instant now);
    void on_second(core::Instant now);
    std::string open_file();
    int report();

    const LoadOptions& options_;
    int signal_fd_;
    LoadStage stage_;
    std::vector<Worker> workers_;
    std::vector<std::jthread> threads_;
    LoadResult result_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};  // For the JSON.
    bool shows_progress_ = false;
    std::optional<core::Instant> begin_;  // Of the measurement, once it is known.
    core::Instant looked_at_{};
};

void LoadRun::start() {
    const std::uint32_t each = options_.connections / options_.threads;
    const std::uint32_t more = options_.connections % options_.threads;
    workers_.reserve(options_.threads);
    std::uint32_t first = 0;
    for (std::uint32_t i = 0; i < options_.threads; i++) {
        workers_.push_back({.load = options_,
                            .stage = stage_,
                            .number = i,
                            .first = first,
                            .connections = each + (i < more ? 1 : 0)});
        first += workers_.back().connections;
    }
    for (Worker& worker : workers_) threads_.emplace_back([&worker] { worker.run(); });
}

void LoadRun::on_signal() {
    signalfd_siginfo info{};
    while (::read(signal_fd_, &info, sizeof info) == sizeof info) {
        result_.was_stopped = true;
        stage_.stop();
    }
}

// Looks ten times a second; the measurement's seconds are told apart from its beginning on.
void LoadRun::watch() {
    constexpr int look_ms = 100;
    looked_at_ = monotonic_now();
    while (stage_.left() < options_.threads) {
        pollfd waited{.fd = signal_fd_, .events = POLLIN, .revents = 0};
        if (::poll(&waited, 1, look_ms) > 0) on_signal();
        const core::Instant now = monotonic_now();
        if (!begin_ && stage_.begins_at()) begin(*stage_.begins_at() + options_.warm_up);
        if (now < looked_at_ + std::chrono::seconds(1)) continue;
        if (!begin_) {
            on_ramp_second(now);
        } else if (now <= *begin_ + options_.duration) {
            on_second(now);
        }
    }
}

void LoadRun::begin(core::Instant at) {
    begin_ = looked_at_ = at;
    result_.began_at = Seconds(at.time_since_epoch()).count();
}

void LoadRun::on_ramp_second(core::Instant now) {
    looked_at_ = now;
    if (shows_progress_) fmt::print(stderr, "{}\n", ramp_line(options_, stage_.settled()));
}

void LoadRun::on_second(core::Instant now) {
    LoadSecond second{.seconds = Seconds(now - looked_at_).count()};
    second.at_seconds = (result_.series.empty() ? 0 : result_.series.back().at_seconds);
    second.at_seconds += second.seconds;
    looked_at_ = now;
    stage_.collect(second.tally);
    result_.tally.add(second.tally);
    result_.series.push_back(point_of(second));
    if (shows_progress_) fmt::print(stderr, "{}\n", progress_line(result_.series.back()));
}

// Before the load, so that nobody hears after an hour that its result had no place to go. An empty
// string, or what is wrong.
std::string LoadRun::open_file() {
    if (options_.json.empty() || options_.json == "-") return "";
    file_.reset(std::fopen(options_.json.c_str(), "we"));
    if (file_ != nullptr) return "";
    return fmt::format("cannot write {}: {}", options_.json, std::strerror(errno));
}

int LoadRun::report() {
    for (const Worker& worker : workers_) {
        if (!worker.failure.empty()) return refuse(worker.failure);
    }
    const std::string json = json_of(options_, result_);
    const std::string table = table_of(options_, result_);
    if (!write_all(stdout, options_.json == "-" ? json : table)) {
        return refuse(fmt::format("cannot write the result: {}", std::strerror(errno)));
    }
    if (file_ != nullptr && !write_all(file_.get(), json)) {
        return refuse(fmt::format("cannot write {}: {}", options_.json, std::strerror(errno)));
    }
    return is_clean(result_) ? 0 : 3;
}

int LoadRun::run() {
    if (const std::string why = open_file(); !why.empty()) return refuse(why);
    shows_progress_ = !options_.quiet && isatty(STDERR_FILENO) == 1;
    start();
    watch();
    threads_.clear();
    stage_.collect(result_.tally);
    result_.seconds = Seconds(result_.tally.measured).count();
    result_.cpu_seconds = Seconds(result_.tally.cpu).count();
    return report();
}

}  // namespace

}  // namespace ringway::loadtest

int main(int argc, char** argv) {
    using namespace ringway::loadtest;
    raise_descriptor_limit();
    const auto options = read_load_command_line(argc, argv);
    if (!options) return options.error();
    std::string why = try_sources(options->sources);
    if (why.empty()) why = try_target(*options);
    if (!why.empty()) return refuse(why);
    // From here on Ctrl-C ends the load and not the program.
    const int signal_fd = open_stop_signals();
    LoadRun run{*options, signal_fd};
    return run.run();
}
