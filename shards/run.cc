#include "shards/run.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/uring_io.h"
#include "shards/control.h"
#include "shards/fleet.h"

namespace ringway::shards {

namespace {

std::string failure_text(const core::Error& error) {
    return fmt::format("{}: {}", error.what, std::strerror(error.sys));
}

int refuse(std::string_view text) {
    fmt::print(stderr, "ringway: {}\n", text);
    return 1;
}

std::vector<std::uint32_t> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    std::vector<std::uint32_t> cpus;
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
    return cpus;
}

// The signals that the control thread reads, blocked before any thread is made.
int open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Every connection is a descriptor or two; the soft limit is there for programs that use select.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void announce(const config::Config& config, std::uint32_t shard_count) {
    std::string addresses;
    for (const config::Listen& listen : config.listens) {
        addresses += (addresses.empty() ? "" : ", ") + listen.address.text();
    }
    std::size_t backends = 0;
    for (const config::Group& group : config.groups) backends += group.backends.size();
    fmt::print(stderr, "ringway: listening on {} with {} shard{}, {} backend{}\n", addresses,
               shard_count, shard_count == 1 ? "" : "s", backends, backends == 1 ? "" : "s");
}

}  // namespace

int run(const config::Config& config) {
    const int signal_fd = open_signals();
    if (signal_fd < 0) return refuse(fmt::format("no signalfd: {}", std::strerror(errno)));
    raise_descriptor_limit();

    const std::vector<std::uint32_t> cpus = allowed_cpus();
    const std::uint32_t shard_count =
        config.shards.count.value_or(static_cast<std::uint32_t>(cpus.size()));

    core::UringIo::Options engine;
    engine.submission_entries = 64;
    engine.completion_entries = 256;
    engine.receive_ring_entries = 4;
    engine.client_pool.count = engine.upstream_pool.count = 16;
    engine.look_max = {};
    core::Result<std::unique_ptr<core::UringIo>> io = core::UringIo::make(engine);
    if (!io) return refuse(failure_text(io.error()));

    Fleet fleet{{.config = config,
                 .shard_count = shard_count,
                 .cpus = config.shards.pin ? cpus : std::vector<std::uint32_t>{},
                 .control = (*io)->waker()}};
    if (std::string failure = fleet.start(); !failure.empty()) return refuse(failure);
    announce(config, shard_count);
    int exit_code = 0;
    {
        Control control{{.config = config, .io = **io, .fleet = fleet, .signal_fd = signal_fd}};
        exit_code = control.run();
    }
    fleet.join();
    ::close(signal_fd);
    return exit_code;
}

}  // namespace ringway::shards
