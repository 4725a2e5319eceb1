#include "tests/sim/fleet_sim.h"

#include <fmt/format.h>

#include <deque>
#include <memory>

#include "config/config.h"
#include "shards/mailbox.h"
#include "shards/shard.h"
#include "tests/sim/eligibility_watch.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_world.h"

namespace ringway::sim {

namespace {

using namespace std::chrono_literals;

// Faults that excuse no error: whatever of them strikes, every exchange gets its answer.
constexpr Fault harmless[] = {
    Fault::segment_split,
    Fault::latency_spike,
    Fault::small_window,
    Fault::receive_short,
    Fault::no_buffers,
    Fault::end_behind_no_buffers,
    Fault::buffer_with_end,
    Fault::completion_late,
    Fault::completions_reordered,
    Fault::completions_limited,
    Fault::submissions_limited,
    Fault::close_late,
    Fault::cancel_late,
    Fault::cancel_lost,
    Fault::cancel_raced,
    Fault::accept_ended,
    Fault::accept_failed,
    Fault::wake_spurious,
    Fault::host_stalled,
    Fault::backend_drip,
    Fault::backend_close_header,
    Fault::backend_close_delimited,
    Fault::client_fragments,
    Fault::client_pipelines,
    Fault::client_slow_reader,
};

// What only a proxy may send to a backend, is to keep from a client, or ends by a time-out.
constexpr Fault proxys_to_handle[] = {
    Fault::client_pipelines, Fault::client_silent,      Fault::backend_body_long,
    Fault::backend_garbage,  Fault::backend_body_short, Fault::backend_stall,
};

core::Address address(const char* text) {
    return core::Address::parse(text).value();
}

struct PeerHost final : SimHost, private core::SleepGate {
    PeerHost(SimNet& net, const char* host) : peer_io(net, {.host = address(host)}) {}
    SimIo& io() override { return peer_io; }
    void tick() override { peer_io.run_once(core::Instant::max(), *this); }
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}

    SimIo peer_io;
};

struct ShardHost final : SimHost {
    struct Options {
        SimIo::Options io;
        shards::Shard::Options shard;
    };
    ShardHost(SimNet& net, SimLedger& ledger, shards::Mesh& mesh, shards::LoadMesh& load_mesh,
              std::uint32_t number, const SimIo::Options& io_options, const config::Config& config,
              std::uint64_t seed)
        : shard_io(net, io_options),
          watch(net.clock(), ledger),
          mailbox(mesh, number),
          shard({.id = {number},
                 .shard_count = config.shards.count.value(),
                 .config = config,
                 .io = shard_io,
                 .mailbox = mailbox,
                 .load_mesh = &load_mesh,
                 .seed = seed}) {
        for (const config::Backend& backend : config.groups.front().backends) {
            watch.add(backend.address);
        }
        shard_io.set_watch(watch);
        shard.listen(shard_io.listen(config.listens.front().address), {.port = "8080"});
    }
    SimIo& io() override { return shard_io; }
    void tick() override { shard.tick(); }

    SimIo shard_io;
    EligibilityWatch watch;
    shards::Mailbox mailbox;
    shards::Shard shard;
};

class FleetSim {
public:
    explicit FleetSim(const FleetSimOptions& options);
    FleetSimReport run();

private:
    static constexpr std::uint64_t rounds_max = 20'000'000;

    void draw_weather();
    void draw_config();
    void add_backends();
    void add_shards();
    void add_clients();
    void play();
    void end_shards();
    void end_peers();
    void check_shard(const ShardHost& host);
    void check_io(SimIo& io, const char* whose);
    void post(std::uint32_t shard, shards::Message::Kind kind);
    template <class Done>
    bool run_for(core::Duration most, Done&& done);
    bool clients_have_ended() const;
    bool shards_have_finished() const;
    FleetSimReport report() const;

    FleetSimOptions options_;
    core::Prng prng_;
    Weather weather_ = Weather::calm;
    bool is_crowded_ = false;
    SimClock clock_;
    SimFaults faults_;
    SimNet net_{clock_, faults_};
    SimWorld world_{net_};
    config::Config config_;
    std::unique_ptr<SimLedger> ledger_;
    PeerHost clients_host_{net_, "10.1.0.1:0"};
    PeerHost backends_host_{net_, "10.2.0.1:0"};
    std::deque<SimBackend> backends_;
    std::unique_ptr<shards::Mesh> mesh_;
    std::unique_ptr<shards::LoadMesh> load_mesh_;
    std::unique_ptr<shards::Mailbox> control_;
    std::deque<ShardHost> shards_;
    std::deque<SimClient> clients_;
};

FleetSim::FleetSim(const FleetSimOptions& options)
    : options_(options), prng_(options.seed), faults_(prng_()) {
    net_.trace().tells = options.tells;
    draw_weather();
    ledger_ = std::make_unique<SimLedger>(prng_(), options.exchanges, weather_ != Weather::storm);
    draw_config();
    world_.add(clients_host_);
    world_.add(backends_host_);
    add_backends();
    if (options_.has_proxy) add_shards();
    add_clients();
}

void FleetSim::draw_weather() {
    const double die = prng_.real();
    weather_ = die < 0.05 ? Weather::calm : die < 0.25 ? Weather::engine : Weather::storm;
    faults_.draw_swarm();
    if (!options_.has_proxy) {
        for (const Fault fault : proxys_to_handle) faults_.set_rate(fault, 0);
    }
    if (weather_ == Weather::storm) return;
    SimFaults drawn = faults_;
    for (const FaultRow& row : fault_table) faults_.set_rate(row.fault, 0);
    if (weather_ == Weather::calm) return;
    for (const Fault fault : harmless) faults_.set_rate(fault, drawn.rate(fault));
}

void FleetSim::draw_config() {
    config_.shards.count = static_cast<std::uint32_t>(1 + prng_.uniform(4));
    config_.listens.push_back({.name = "sim", .address = address("10.0.0.1:8080")});
    // With few places, connections wait in the kernel's queue until others go.
    is_crowded_ = weather_ != Weather::calm && prng_.chance(0.25);
    const std::uint64_t places = is_crowded_ ? 1 + prng_.uniform(8) : 64;
    config_.limits.connections = static_cast<std::uint32_t>(places) * *config_.shards.count;
    config_.limits.upstream_idle = static_cast<std::uint32_t>(1 + prng_.uniform(8));
    config::Group group{.name = "web", .backends = {}, .timeout = {}, .retry = {}};
    // Where no error is excused, a slow network must not cause one.
    const core::Duration timeout = weather_ == Weather::storm ? 5s : 60s;
    group.timeout = {.connect = 1s,
                     .first_byte = timeout,
                     .between_bytes = timeout,
                     .idle = 10s,
                     .tunnel_idle = timeout};
    const std::uint64_t backends = 1 + prng_.uniform(6);
    for (std::uint64_t i = 0; i < backends; i++) {
        group.backends.push_back({.address = address(fmt::format("10.2.0.{}:80", i + 2).c_str())});
    }
    if (weather_ == Weather::storm && prng_.chance(0.2)) {
        group.pool.connects_per_second = static_cast<std::uint32_t>(1 + prng_.uniform(100));
    }
    // All of them, and most often the one that most will use.
    if (prng_.chance(0.7)) {
        group.balancing.algorithm = static_cast<balance::Algorithm>(
            prng_.uniform(static_cast<std::uint64_t>(balance::Algorithm::first) + 1));
        group.balancing.maglev_size = 251;
        group.balancing.load_bound = prng_.chance(0.3) ? 1.25 : 0;
        group.balancing.slow_start = prng_.chance(0.3) ? 3s : 0s;
    }
    config_.groups.push_back(std::move(group));
    config_.http.client = {.header_timeout = timeout,
                           .body_timeout = timeout,
                           .idle_timeout = 20s,
                           .send_timeout = timeout};
}

void FleetSim::add_backends() {
    std::uint32_t number = 0;
    // Some announce for how long they keep idle connections, some end them without a word.
    core::Duration idle_timeout{};
    if (weather_ == Weather::storm && prng_.chance(0.3)) {
        idle_timeout = prng_.chance(0.5) ? 1s : std::chrono::milliseconds(50 + prng_.uniform(900));
    }
    for (const config::Backend& backend : config_.groups.front().backends) {
        backends_.emplace_back(
            backends_host_.peer_io, net_, *ledger_,
            SimBackend::Options{
                .number = number++, .address = backend.address, .idle_timeout = idle_timeout});
    }
}

void FleetSim::add_shards() {
    const std::uint32_t count = *config_.shards.count;
    mesh_ = std::make_unique<shards::Mesh>(count + 1);
    load_mesh_ = std::make_unique<shards::LoadMesh>(count);
    control_ = std::make_unique<shards::Mailbox>(*mesh_, count);
    control_->set_waker(clients_host_.peer_io.waker());
    for (std::uint32_t i = 0; i < count; i++) {
        SimIo::Options io{.host = address("10.0.0.1:0")};
        const bool is_scarce = weather_ != Weather::calm && prng_.chance(0.3);
        io.client_pool.count = io.upstream_pool.count = is_scarce ? 48 : 512;
        shards_.emplace_back(net_, *ledger_, *mesh_, *load_mesh_, i, io, config_, prng_());
        world_.add(shards_.back());
    }
}

void FleetSim::add_clients() {
    const std::uint64_t count = 1 + prng_.uniform(32);
    // Who waits for a place waits for others' slow transfers to end.
    const core::Duration patience = is_crowded_ ? 1'800s : 90s;
    for (std::uint32_t i = 0; i < count; i++) {
        const core::Address& server =
            options_.has_proxy ? config_.listens.front().address
                               : config_.groups.front().backends[i % backends_.size()].address;
        clients_.emplace_back(clients_host_.peer_io, net_, *ledger_,
                              SimClient::Options{.number = i,
                                                 .proxy = server,
                                                 .seed = prng_(),
                                                 .patience = patience,
                                                 .speaks_http_1_0 = options_.has_proxy});
        clients_.back().begin();
    }
}

template <class Done>
bool FleetSim::run_for(core::Duration most, Done&& done) {
    return world_.run_until(clock_.now() + most, [&] {
        return done() || !ledger_->violations().empty() || world_.rounds_total() > rounds_max;
    }) && done();
}

bool FleetSim::clients_have_ended() const {
    for (const SimClient& client : clients_) {
        if (!client.has_ended()) return false;
    }
    return true;
}

bool FleetSim::shards_have_finished() const {
    for (const ShardHost& host : shards_) {
        if (!host.shard.is_finished()) return false;
    }
    return true;
}

void FleetSim::post(std::uint32_t shard, shards::Message::Kind kind) {
    CHECK(control_->try_post(shard, {.kind = kind}));
}

void FleetSim::play() {
    // One of several shards may have to go while the others work.
    const double chance = weather_ == Weather::calm ? 0 : weather_ == Weather::engine ? 0.7 : 0.25;
    if (shards_.size() > 1 && prng_.chance(chance)) {
        const std::size_t share = prng_.uniform(options_.exchanges);
        run_for(1h, [&] { return ledger_->size() > share || clients_have_ended(); });
        ledger_->on_drain();
        post(static_cast<std::uint32_t>(prng_.uniform(shards_.size())),
             shards::Message::Kind::begin_shutdown);
    }
    const bool ended = run_for(4h, [&] { return clients_have_ended(); });
    if (!ended && ledger_->violations().empty()) {
        ledger_->violate(Invariant::every_exchange_ends, "the run does not end");
    }
}

void FleetSim::end_shards() {
    for (std::uint32_t i = 0; i < shards_.size(); i++) {
        post(i, shards::Message::Kind::begin_shutdown);
    }
    if (run_for(30s, [&] { return shards_have_finished(); })) return;
    if (!ledger_->violations().empty()) return;
    for (std::uint32_t i = 0; i < shards_.size(); i++) post(i, shards::Message::Kind::end_now);
    if (!run_for(30s, [&] { return shards_have_finished(); })) {
        ledger_->violate(Invariant::every_exchange_ends, "a shard does not end");
    }
}

void FleetSim::end_peers() {
    for (SimBackend& backend : backends_) backend.begin_end();
    const bool ended = run_for(30s, [&] {
        for (const SimBackend& backend : backends_) {
            if (!backend.has_ended()) return false;
        }
        return clients_host_.peer_io.in_flight() == 0;
    });
    if (!ended && ledger_->violations().empty())
        ledger_->violate(Invariant::every_exchange_ends, "the peers do not end");
}

void FleetSim::check_io(SimIo& io, const char* whose) {
    const auto given_back = [&](bool is_so, const char* what) {
        if (!is_so) {
            ledger_->violate(Invariant::everything_is_given_back,
                             fmt::format("{}: {}", whose, what));
        }
    };
    given_back(io.in_flight() == 0, "an operation is in flight");
    given_back(io.open_descriptors() == 0, "a descriptor is open");
    given_back(io.bulk_pool().free_count() == io.bulk_pool().count(), "a large buffer is out");
    for (const core::Pool pool : {core::Pool::client, core::Pool::upstream}) {
        given_back(io.pool(pool).free_count() == io.pool(pool).count(), "a buffer is out");
        given_back(!io.pool(pool).has_waiters(), "somebody waits for a buffer");
    }
}

void FleetSim::check_shard(const ShardHost& host) {
    const shards::Shard& shard = host.shard;
    const http::Counters& counters = shard.http_counters();
    const std::uint64_t begun = counters.requests.value();
    const std::uint64_t finished = counters.exchanges_finished.value();
    if (begun != finished) {
        ledger_->violate(Invariant::exchanges_finish_once,
                         fmt::format("{} begun, {} finished", begun, finished));
    }
    for (std::uint32_t i = 0; i < shard.upstreams().backend_count(); i++) {
        if (shard.upstreams().in_flight({i}) == 0) continue;
        ledger_->violate(
            Invariant::in_flight_returns_to_zero,
            fmt::format("backend {} has {} in flight", i, shard.upstreams().in_flight({i})));
    }
    if (shard.client_count() + shard.exchange_count() + shard.tunnel_count() +
            shard.upstreams().connection_count() !=
        0) {
        ledger_->violate(Invariant::everything_is_given_back, "a slot is in use");
    }
}

FleetSimReport FleetSim::run() {
    play();
    end_shards();
    end_peers();
    if (ledger_->violations().empty()) {
        for (ShardHost& host : shards_) {
            check_shard(host);
            check_io(host.shard_io, "a shard");
        }
        check_io(clients_host_.peer_io, "the clients");
        check_io(backends_host_.peer_io, "the backends");
        if (ledger_->open_count() != 0) {
            ledger_->violate(Invariant::every_exchange_ends, "an exchange is open");
        }
    }
    return report();
}

FleetSimReport FleetSim::report() const {
    FleetSimReport report;
    report.trace_hash = const_cast<SimNet&>(net_).trace().hash();
    report.weather = weather_;
    report.shards = static_cast<std::uint32_t>(shards_.size());
    report.was_drained = ledger_->was_drained();
    report.simulated = clock_.now() - core::Instant{};
    report.events = clock_.fired_total();
    for (const ShardHost& host : shards_) report.completions += host.shard_io.delivered_total();
    report.exchanges = ledger_->size();
    for (std::size_t i = 0; i < report.ended.size(); i++) {
        report.ended[i] = ledger_->ended_total(static_cast<SimLedger::End>(i));
    }
    for (std::size_t i = 0; i < report.own_errors.size(); i++) {
        report.own_errors[i] = ledger_->own_errors(static_cast<std::uint16_t>(i));
    }
    for (std::size_t i = 0; i < fault_kinds; i++) {
        report.faults[i] = faults_.struck_total(static_cast<Fault>(i));
    }
    report.violations = ledger_->violations();
    return report;
}

}  // namespace

std::string_view name_of(Weather weather) {
    switch (weather) {
        case Weather::calm:
            return "calm";
        case Weather::engine:
            return "engine";
        case Weather::storm:
            return "storm";
    }
    return "";
}

FleetSimReport run_fleet_sim(const FleetSimOptions& options) {
    // A run that broke an invariant cannot be taken apart in order: destructors would CHECK.
    auto sim = std::make_unique<FleetSim>(options);
    FleetSimReport report = sim->run();
    [[maybe_unused]] FleetSim* left = report.violations.empty() ? nullptr : sim.release();
    return report;
}

}  // namespace ringway::sim
