#include "tests/support/io_engine.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "core/listen_socket.h"
#include "core/uring_io.h"
#include "tests/sim/sim_world.h"

namespace ringway::support {

namespace {

using namespace std::chrono_literals;

constexpr core::BufferPool::Options small_pool{
    .count = 512, .bytes_each = 2'048, .front_room = 128};

class UringEngine final : public IoEngine {
public:
    explicit UringEngine(std::unique_ptr<core::UringIo> io) : io_(std::move(io)) {}
    ~UringEngine() override { limit_descriptors(-1); }

    core::Io& io() override { return *io_; }
    Listening listen() override {
        const core::Result<int> fd = core::open_listen_socket(core::Address::ipv4_loopback(0));
        CHECK(fd.has_value());
        return {*fd, core::local_address(*fd).value()};
    }
    void close_listener(int fd) override { ::close(fd); }
    core::Address deserted() override {
        const Listening listening = listen();
        ::close(listening.fd);
        return listening.address;
    }
    void limit_descriptors(int count) override {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        if (usual_limit_ == 0) usual_limit_ = limit.rlim_cur;
        // The lowest free number is the next one given out.
        const int next = count < 0 ? 0 : dup(0);
        if (next > 0) ::close(next);
        limit.rlim_cur = count < 0 ? usual_limit_ : static_cast<rlim_t>(next + count);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    std::size_t open_descriptors() override {
        std::size_t count = 0;
        DIR* directory = opendir("/proc/self/fd");
        while (readdir(directory) != nullptr) count++;
        closedir(directory);
        return count;
    }
    void tick() override { io_->run_once(io_->clock().now() + 10ms, gate_); }
    bool sleep_and_be_woken(core::Instant until, CountingGate& gate) override {
        struct Announcing final : core::SleepGate {
            explicit Announcing(CountingGate& inner_) : inner(inner_) {}
            bool may_sleep() noexcept override {
                asleep.store(true);
                return inner.may_sleep();
            }
            void on_awake() noexcept override { inner.on_awake(); }
            CountingGate& inner;
            std::atomic<bool> asleep{false};
        } announcing{gate};
        std::thread other([&] {
            while (!announcing.asleep.load()) std::this_thread::yield();
            io_->waker().wake();
        });
        while (!announcing.asleep.load()) io_->run_once(until, announcing);
        other.join();
        return io_->clock().now() < until;
    }

private:
    std::unique_ptr<core::UringIo> io_;
    CountingGate gate_;
    rlim_t usual_limit_ = 0;
};

class SimEngine final : public IoEngine, private sim::SimHost {
public:
    explicit SimEngine(std::uint64_t seed) : faults_(seed) { world_.add(*this); }

    sim::SimFaults& faults() { return faults_; }
    sim::SimIo& io() override { return io_; }
    Listening listen() override {
        const core::Address address = core::Address::ipv4_loopback(next_port_++);
        return {io_.listen(address), address};
    }
    void close_listener(int fd) override { io_.close_listener(fd); }
    core::Address deserted() override { return core::Address::ipv4_loopback(9); }
    void limit_descriptors(int count) override {
        io_.set_descriptors_max(count < 0 ? 4'096
                                          : io_.open_descriptors() + static_cast<size_t>(count));
    }
    std::size_t open_descriptors() override { return io_.open_descriptors(); }
    void tick() override {
        if (is_in_world_) return io_.run_once(clock_.now() + 10ms, gate_);
        is_in_world_ = true;
        world_.step();
        is_in_world_ = false;
    }
    bool sleep_and_be_woken(core::Instant until, CountingGate& gate) override {
        // A spurious wake-up is no sleep; and the last completions come first.
        while (gate.awoken == gate.asked && clock_.now() < until) io_.run_once(until, gate);
        if (clock_.now() >= until || io_.is_runnable()) return false;
        clock_.advance(clock_.now() + 1ms);
        if (io_.is_runnable()) return false;
        io_.waker().wake();
        if (!io_.is_runnable()) return false;
        io_.run_once(until, gate);
        return true;
    }

private:
    sim::SimClock clock_;
    sim::SimFaults faults_;
    sim::SimNet net_{clock_, faults_};
    sim::SimIo io_{net_,
                   {.host = core::Address::ipv4_loopback(0),
                    .client_pool = small_pool,
                    .upstream_pool = small_pool}};
    sim::SimWorld world_{net_};
    CountingGate gate_;
    std::uint16_t next_port_ = 8'000;
    bool is_in_world_ = false;
};

}  // namespace

std::unique_ptr<IoEngine> make_uring_engine(std::string& why_not) {
    core::UringIo::Options options;
    options.receive_ring_entries = 16;
    options.client_pool = options.upstream_pool = small_pool;
    core::Result<std::unique_ptr<core::UringIo>> io = core::UringIo::make(options);
    if (!io) {
        why_not = io.error().what;
        return nullptr;
    }
    return std::make_unique<UringEngine>(std::move(*io));
}

std::unique_ptr<IoEngine> make_calm_sim_engine() {
    return std::make_unique<SimEngine>(1);
}

std::unique_ptr<IoEngine> make_faulty_sim_engine(std::uint64_t seed) {
    using sim::Fault;
    auto engine = std::make_unique<SimEngine>(seed);
    sim::SimFaults& faults = engine->faults();
    faults.draw_swarm();
    for (const Fault cuts : {Fault::connection_reset, Fault::connect_refused, Fault::connect_hung,
                             Fault::open_failed}) {
        faults.set_rate(cuts, 0);
    }
    return engine;
}

}  // namespace ringway::support
