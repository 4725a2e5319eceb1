#include "shards/run.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/cpu_budget.h"
#include "core/uring_io.h"
#include "core/uring_probe.h"
#include "shards/control.h"
#include "shards/fleet.h"
#include "shards/logs.h"

namespace ringway::shards {

namespace {

int refuse(std::string_view text) {
    fmt::print(stderr, "ringway: {}\n", text);
    return 1;
}

// The signals that the control thread reads, blocked before any thread is made.
int open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
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

void announce(core::Logger& logger, const config::Config& config, std::uint32_t shard_count) {
    std::string addresses;
    for (const config::Listen& listen : config.listens) {
        addresses += (addresses.empty() ? "" : ", ") + listen.address.text();
    }
    std::size_t backends = 0;
    for (const config::Group& group : config.groups) backends += group.backends.size();
    logger.info("shards", "listening on {} with {} shard{}, {} backend{}", addresses, shard_count,
                shard_count == 1 ? "" : "s", backends, backends == 1 ? "" : "s");
}

}  // namespace

int run(const config::Config& config) {
    const int signal_fd = open_signals();
    if (signal_fd < 0) return refuse(fmt::format("no signalfd: {}", std::strerror(errno)));
    raise_descriptor_limit();
    const core::Result<core::UringProbe> probe = core::probe_uring();
    if (!probe) return refuse(core::explain_uring_failure(probe.error().sys));
    const core::CpuBudget budget = core::read_cpu_budget();
    const std::uint32_t shard_count = config.shards.count.value_or(budget.shards());

    core::UringIo::Options engine;
    engine.submission_entries = 64;
    engine.completion_entries = 256;
    engine.receive_ring_entries = 4;
    engine.client_pool.count = engine.upstream_pool.count = 16;
    engine.look_max = {};
    core::Result<std::unique_ptr<core::UringIo>> io = core::UringIo::make(engine);
    if (!io) return refuse(core::explain_uring_failure(io.error().sys));

    Logs logs;
    if (std::string failure = logs.open(config.log, shard_count); !failure.empty()) {
        return refuse(failure);
    }
    core::Logger& logger = logs.logger();
    logger.info("shards", "{}", core::text_of(*probe));

    Fleet fleet{
        {.config = config,
         .shard_count = shard_count,
         .cpus = config.shards.pin ? budget.allowed : std::vector<int>{},
         .control = (*io)->waker(),
         // While one looks, another that shares its CPU waits.
         .look_max = shard_count > budget.shards() ? core::Duration{} : config.shards.busy_poll,
         .access_log = logs.access_log(),
         .writers_descriptors = logs.descriptors()}};
    if (std::string failure = fleet.start(); !failure.empty()) return refuse(failure);
    announce(logger, config, shard_count);
    int exit_code = 0;
    {
        Control control{
            {.config = config, .io = **io, .fleet = fleet, .signal_fd = signal_fd, .logs = logs}};
        exit_code = control.run();
    }
    fleet.join();
    ::close(signal_fd);
    return exit_code;
}

}  // namespace ringway::shards
