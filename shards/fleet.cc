#include "shards/fleet.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "core/listen_socket.h"
#include "core/uring_io.h"
#include "core/uring_probe.h"
#include "shards/shard.h"
#include "shards/shard_access_log.h"

namespace ringway::shards {

namespace {

// A shard keeps 64 and a sixteenth for itself and its backends; with less than this it would
// accept nobody, or hardly anybody, and not say why.
constexpr std::uint32_t descriptors_min = 128;

std::uint32_t descriptors_max() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::uint32_t>(std::min<rlim_t>(limit.rlim_cur, 1'048'576));
}

void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    // Where it is refused (a container's cpuset changed under us) the thread runs unpinned.
    sched_setaffinity(0, sizeof set, &set);
}

core::Result<int> copy_of(int listen_fd) {
    const int fd = ::fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) return fd;
    return std::unexpected(core::Error{
        .code = core::errc_of(errno), .sys = errno, .what = "the socket cannot be copied"});
}

// Of each of its two pools. A receive names its buffer in 16 bits, and fewer than a ring holds
// would be of no use.
std::uint32_t body_buffers_of(const Fleet::Options& options, std::uint32_t bytes_each) {
    const std::uint32_t share = options.config.limits.body_memory / options.shard_count / 2;
    return std::clamp(share / bytes_each, 512U, 65'535U);
}

// A ringway that was killed holds its ports for some milliseconds more, until the kernel has taken
// its rings down; whoever restarts it at once should not have to know.
core::Result<int> open_patiently(const core::Address& address, core::ListenOptions options) {
    constexpr int tries = 10;
    core::Result<int> fd = core::open_listen_socket(address, options);
    for (int i = 1; i < tries && !fd && fd.error().code == core::Errc::address_in_use; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        fd = core::open_listen_socket(address, options);
    }
    return fd;
}

// From the kernel's entropy. Without any (a jail that forbids the call) the time and the thread
// make a collision unlikely enough for what only names requests.
std::uint64_t draw_seed() {
    std::uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed) return seed;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    seed = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
    return seed ^ static_cast<std::uint64_t>(gettid()) << 40;
}

std::string listen_failure(const core::Address& address, const core::Error& error) {
    std::string text = fmt::format("cannot listen on {}: {}", address.text(), error.what);
    if (error.sys != 0) text += fmt::format(" ({})", std::strerror(error.sys));
    if (error.code == core::Errc::address_in_use) {
        const std::string holder = core::holder_of(address);
        if (!holder.empty()) text += "; held by " + holder;
        text += "; stop it or choose another address in [[listen]]";
    } else if (error.code == core::Errc::denied) {
        text += "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    } else if (error.code == core::Errc::bad_address) {
        text += "; the address in [[listen]] must be one of this machine's";
    }
    return text;
}

}  // namespace

Fleet::Fleet(const Options& options)
    : options_(options),
      mesh_(options.shard_count + 1),
      load_mesh_(options.shard_count),
      tables_(tables_of(options.config)),
      control_(mesh_, options.shard_count) {
    control_.set_waker(options.control);
    for (const config::Listen& listen : options_.config.listens) {
        ports_.push_back(listen.address.is_unix() ? "" : fmt::to_string(listen.address.port()));
    }
}

Fleet::~Fleet() {
    for (const auto& thread : threads_) {
        CHECK(!thread->thread.joinable());
        if (thread->wake_fd >= 0) ::close(thread->wake_fd);
    }
}

std::string Fleet::start() {
    if (descriptors_max() < descriptors_min) {
        return fmt::format(
            "the limit of {} descriptors leaves none for connections; run: ulimit -n 65536 "
            "(systemd: LimitNOFILE=65536)",
            descriptors_max());
    }
    // Before any table of descriptors is split off: these must mean the same in all of them.
    if (std::string failure = open_wake_fds(); !failure.empty()) return failure;
    if (std::string failure = open_shared_listeners(); !failure.empty()) return failure;
    for (std::uint32_t i = 0; i < options_.shard_count; i++) {
        std::future<std::string> started = threads_[i]->started.get_future();
        threads_[i]->thread = std::thread(&Fleet::run_shard, this, i);
        std::string failure = started.get();
        if (failure.empty()) continue;
        // Those that run already have nothing to finish yet.
        threads_[i]->thread.join();
        for (std::uint32_t running = 0; running < i; running++) {
            while (!control_.try_post(running, {.kind = Message::Kind::end_now})) {
                std::this_thread::yield();
            }
            threads_[running]->thread.join();
        }
        return failure;
    }
    // Every table has its copy; a listener is gone only when the last of them is closed.
    for (const int fd : shared_listeners_) {
        if (fd >= 0) ::close(fd);
    }
    return {};
}

std::string Fleet::open_wake_fds() {
    for (std::uint32_t i = 0; i < options_.shard_count; i++) {
        threads_.push_back(std::make_unique<Thread>());
        threads_.back()->wake_fd = eventfd(0, EFD_CLOEXEC);
        if (threads_.back()->wake_fd < 0) {
            return fmt::format("no descriptor for shard {}: {}; raise `ulimit -n`", i,
                               std::strerror(errno));
        }
    }
    return {};
}

// A UNIX socket cannot be bound twice: one is opened, and each shard accepts from its copy of it.
std::string Fleet::open_shared_listeners() {
    for (const config::Listen& listen : options_.config.listens) {
        shared_listeners_.push_back(-1);
        if (!listen.address.is_unix()) continue;
        core::Result<int> fd = open_patiently(listen.address, {.exclusive = true});
        if (!fd) return listen_failure(listen.address, fd.error());
        shared_listeners_.back() = *fd;
    }
    return {};
}

void Fleet::run_shard(std::uint32_t index) {
    Thread& self = *threads_[index];
    if (!options_.cpus.empty()) pin_to(options_.cpus[index % options_.cpus.size()]);
    // A table of its own: no lock shared with other shards on accept and close, and a limit of
    // its own. Where it is refused the shards share one.
    if (unshare(CLONE_FILES) == 0) {
        for (const int fd : options_.writers_descriptors) ::close(fd);
    }

    core::UringIo::Options engine;
    engine.wake_fd = self.wake_fd;
    engine.look_max = options_.look_max;
    engine.client_pool.count = engine.upstream_pool.count =
        body_buffers_of(options_, engine.client_pool.bytes_each);
    core::Result<std::unique_ptr<core::UringIo>> io = core::UringIo::make(engine);
    if (!io) {
        return self.started.set_value(core::explain_uring_failure(io.error().sys));
    }

    std::optional<ShardAccessLog> access_log;
    if (options_.access_log != nullptr) {
        access_log.emplace(ShardAccessLog::Options{.format = options_.config.log.access.format,
                                                   .clock = (*io)->clock(),
                                                   .writer = *options_.access_log,
                                                   .shard = index});
    }
    Mailbox mailbox{mesh_, index};
    Shard shard{{.id = {index},
                 .shard_count = options_.shard_count,
                 .config = options_.config,
                 .io = **io,
                 .mailbox = mailbox,
                 .load_mesh = options_.shard_count > 1 ? &load_mesh_ : nullptr,
                 .tables = &tables_,
                 .seed = std::uint64_t{index} * 7'919,
                 .request_id_seed = draw_seed(),
                 .access_log = access_log ? &*access_log : nullptr,
                 .descriptors_max = descriptors_max()}};
    std::string failure;
    for (std::size_t i = 0; i < options_.config.listens.size() && failure.empty(); i++) {
        const core::Address& address = options_.config.listens[i].address;
        core::Result<int> fd = shared_listeners_[i] >= 0
                                   ? copy_of(shared_listeners_[i])
                                   : open_patiently(address, {.exclusive = index == 0});
        if (fd) {
            shard.listen(*fd, {.scheme = "http", .port = ports_[i]});
        } else {
            failure = listen_failure(address, fd.error());
        }
    }
    if (!failure.empty()) shard.end_now();
    const bool runs = failure.empty();
    if (runs) self.started.set_value({});
    while (!shard.is_finished()) shard.tick();
    if (!runs) return self.started.set_value(std::move(failure));
    while (!mailbox.try_post(options_.shard_count, {.kind = Message::Kind::finished})) {
        std::this_thread::yield();
    }
}

bool Fleet::post_to_all(Message::Kind kind) {
    bool posted = true;
    for (std::uint32_t i = 0; i < options_.shard_count; i++) {
        posted = control_.try_post(i, {.kind = kind}) && posted;
    }
    return posted;
}

std::uint32_t Fleet::take_reports() {
    Message message;
    while (control_.try_take(message)) {
        if (message.kind == Message::Kind::finished) finished_++;
    }
    return finished_;
}

void Fleet::join() {
    for (const auto& thread : threads_) {
        if (thread->thread.joinable()) thread->thread.join();
    }
}

}  // namespace ringway::shards
