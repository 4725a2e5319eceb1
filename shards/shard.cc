#include "shards/shard.h"

#include <algorithm>
#include <utility>

#include "shards/metric_names.h"

namespace ringway::shards {

namespace {

// Connections that the kernel hands over between our cancelling an accept and its ending.
constexpr std::uint32_t late_accepts_max = 256;
// The longest head and what came with its last bytes.
constexpr std::uint32_t large_buffer_bytes = 84 * 1'024;

constexpr core::Duration relief_interval = std::chrono::seconds(1);

// Descriptors that clients leave: for listeners, eventfd and logs, and a sixteenth of the table for
// the connections to backends that the clients already here will want.
std::uint32_t descriptors_reserved(std::uint32_t descriptors_max) {
    return 64 + descriptors_max / 16;
}

std::uint32_t clients_max_of(const Shard::Options& options) {
    const std::uint32_t shards = options.shard_count;
    return (options.config.limits.connections + shards - 1) / shards;
}

// Every client holds at most one small buffer for a head that came in pieces or early bytes, one
// for the head its exchange keeps, and two for heads on their way out (its own response, its
// request upstream). A buffer has a number of 16 bits; beyond that, clients wait for memory.
std::uint32_t small_buffers_of(std::uint32_t clients_max) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{clients_max} * 4 + 64, 65'535));
}

// One for each exchange there may be, and the idle ones of each backend; all have a descriptor.
std::uint32_t upstreams_max_of(const Shard::Options& options) {
    std::uint64_t backends = 0;
    for (const config::Group& group : options.config.groups) backends += group.backends.size();
    const std::uint64_t most = std::uint64_t{clients_max_of(options)} + late_accepts_max +
                               backends * options.config.limits.upstream_idle;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(most, options.descriptors_max));
}

std::optional<http::Route> route_of(const config::Config& config) {
    if (config.groups.empty()) return {};
    const config::Group& group = config.groups.front();
    return http::Route{.group = {0},
                       .retry = &group.retry,
                       .total_timeout = group.timeout.total,
                       .upgrades = group.upgrades,
                       .client_gone = group.client_gone};
}

std::vector<http::RetryBudget> budgets_of(const config::Config& config, std::uint32_t shards) {
    std::vector<http::RetryBudget> budgets;
    for (const config::Group& group : config.groups) {
        budgets.emplace_back(http::RetryBudget::Options{
            .share = group.retry.budget,
            .floor_per_second = static_cast<double>(group.retry.budget_floor) / shards});
    }
    return budgets;
}

}  // namespace

Shard::Shard(const Options& options)
    : config_(options.config),
      io_(options.io),
      mailbox_(options.mailbox),
      id_(options.id),
      clients_max_(clients_max_of(options)),
      descriptors_max_(options.descriptors_max),
      small_buffers_({.count = small_buffers_of(clients_max_), .bytes_each = 4'096}),
      // Long heads and what came behind them: header_bytes_max and a receive buffer.
      large_buffers_({.count = 1'024, .bytes_each = large_buffer_bytes}),
      timers_(options.io.clock().now()),
      context_{.io = io_,
               .timers = timers_,
               .settings = options.config.http,
               .small_buffers = small_buffers_,
               .large_buffers = large_buffers_,
               .counters = http_counters_,
               .field_table = field_table_,
               .prng = core::Prng{options.request_id_seed},
               .access_log = options.access_log},
      router_(route_of(options.config)),
      snapshots_(options.load_mesh == nullptr
                     ? std::nullopt
                     : std::optional<LoadSnapshots>{std::in_place, *options.load_mesh, options.id,
                                                    options.config.shards.snapshot_interval}),
      upstreams_(context_, {.config = options.config,
                            .connections_max = upstreams_max_of(options),
                            .seed = options.seed,
                            .shard = options.id.value,
                            .shard_count = options.shard_count,
                            .snapshots = snapshots_ ? &*snapshots_ : nullptr,
                            .tables = options.tables}),
      exchanges_(context_, {.count_max = clients_max_ + late_accepts_max,
                            .router = router_,
                            .upstreams = upstreams_,
                            .tunnels = *this,
                            .forwarding = options.config.http.forwarding,
                            .budgets = budgets_of(config_, options.shard_count)}),
      sessions_(clients_max_ + late_accepts_max),
      relays_(clients_max_ + late_accepts_max) {
    mailbox_.set_waker(io_.waker());
}

Shard::~Shard() {
    CHECK(state_ == State::finished);
}

// --- Clients in ---------------------------------------------------------------------------------

void Shard::listen(int fd, http::Arrival arrival) {
    listeners_.push_back(std::make_unique<Listener>(
        io_, timers_, Listener::Options{.owner = *this, .fd = fd, .arrival = arrival}));
    listeners_.back()->begin_accepting();
}

void Shard::on_accepted(Listener& listener, int fd) {
    adopt(fd, core::Buffer{}, listener.arrival());
}

void Shard::adopt(int fd, core::Buffer first_bytes, const http::Arrival& arrival) {
    http::H1Session* session = sessions_.try_create(
        context_,
        http::H1Session::Options{.owner = *this, .sinks = exchanges_, .arrival = arrival});
    // A paused accept delivers at most what was in its queue, for which there is room.
    CHECK(session != nullptr);
    counters_.clients_accepted.add();
    session->start(fd, std::move(first_bytes));
    if (state_ != State::running) session->begin_drain();
}

bool Shard::has_room() const {
    return state_ == State::running && client_count() < clients_max_ &&
           descriptors_used() + descriptors_reserved(descriptors_max_) < descriptors_max_;
}

// A connection for each exchange under way, or about to be made for one, is among the upstreams.
std::uint32_t Shard::descriptors_used() const {
    return sessions_.size() + 2 * relays_.size() + upstreams_.connection_count();
}

void Shard::on_session_closed(http::H1Session& session) {
    counters_.clients_closed.add();
    sessions_.destroy(session);
    resume_listeners();
}

// Not at every place that becomes free: arming an accept costs as much as a request.
void Shard::resume_listeners() {
    if (client_count() > clients_max_ - clients_max_ / 20) return;
    for (const auto& listener : listeners_) listener->resume_if_paused();
}

// --- Clients that leave HTTP ---------------------------------------------------------------------

http::TunnelEnds* Shard::try_open(core::BackendId backend) {
    upstreams_.begin_tunnel(backend);
    TcpRelay* relay = relays_.try_create(
        io_, timers_,
        TcpRelay::Options{.owner = *this,
                          .backend = backend,
                          .idle_timeout = upstreams_.timeouts(backend).tunnel_idle});
    if (relay == nullptr) {
        upstreams_.end_tunnel(backend);
    } else {
        counters_.tunnels.add();
    }
    return relay;
}

void Shard::on_relay_closed(TcpRelay& relay) {
    upstreams_.end_tunnel(relay.backend());
    relays_.destroy(relay);
    resume_listeners();
}

// --- The loop -----------------------------------------------------------------------------------

void Shard::tick() {
    // No time-out strikes before everything was heard that had come by its time: who was stopped
    // for a while (a debugger, a paused container, a starved machine) does not blame others for it.
    const core::Instant heard_all_of = io_.clock().now();
    core::Instant until = timers_.next_deadline();
    if (snapshots_) until = std::min(until, snapshots_->due());
    io_.run_once(until, *this);
    timers_.advance(heard_all_of);
    read_mail();
    if (snapshots_) snapshots_->publish(io_.clock().now());
    io_.pool(core::Pool::upstream).resume_waiters();
    io_.pool(core::Pool::client).resume_waiters();
    relieve_dry_pools();
    if (state_ != State::running) finish_if_done();
}

// Buffers that a client or a backend does not take are missing to all others: while receives wait
// for some, who has taken nothing for a second makes room.
void Shard::relieve_dry_pools() {
    if (state_ == State::finished) return;  // Its last connection went in this tick.
    upstream_was_dry_ = upstream_was_dry_ || io_.pool(core::Pool::upstream).has_waiters();
    client_was_dry_ = client_was_dry_ || io_.pool(core::Pool::client).has_waiters();
    // A pool may be dry in every other tick: what counts is that it was.
    if ((upstream_was_dry_ || client_was_dry_) && !relief_.is_armed()) {
        timers_.arm(relief_.then<&Shard::on_relief_due>(), io_.clock().now() + relief_interval);
    }
}

void Shard::on_relief_due() noexcept {
    if (std::exchange(upstream_was_dry_, false)) {
        sessions_.for_each([](http::H1Session& session) { session.end_if_stalled(); });
    }
    if (std::exchange(client_was_dry_, false)) upstreams_.end_stalled();
}

void Shard::read_mail() {
    Message message;
    while (mailbox_.try_take(message)) {
        switch (message.kind) {
            case Message::Kind::begin_shutdown:
                begin_shutdown();
                break;
            case Message::Kind::end_now:
                end_now();
                break;
            case Message::Kind::finished:
                break;  // Shards do not wait for each other.
        }
    }
}

void Shard::name_metrics(core::MetricTable& table) const {
    shards::name_metrics(
        {.shard = counters_, .http = http_counters_, .upstreams = upstreams_.counters()}, table);
    for (std::uint32_t i = 0; i < upstreams_.backend_count(); i++) {
        shards::name_metrics(LearnedIdle{.milliseconds = upstreams_.learned_idle_gauge({i}),
                                         .backend = upstreams_.backend_name({i}),
                                         .shard = id_.value},
                             table);
    }
    for (std::size_t i = 0; i < config_.groups.size(); i++) {
        shards::name_metrics(BalanceSeen{.balancer = upstreams_.balancers()[i],
                                         .group = config_.groups[i].name,
                                         .shard = id_.value},
                             table);
    }
    if (snapshots_) shards::name_metrics(snapshots_->counters(), table);
}

// --- The end ------------------------------------------------------------------------------------

void Shard::begin_shutdown() {
    if (state_ != State::running) return;
    state_ = State::shutting_down;
    for (const auto& listener : listeners_) listener->begin_close();
    sessions_.for_each([](http::H1Session& session) { session.begin_drain(); });
    upstreams_.begin_shutdown();
    finish_if_done();  // With nothing in flight there is no completion to wait for.
}

void Shard::end_now() {
    begin_shutdown();
    const core::Error cut{
        .code = core::Errc::canceled, .side = core::Side::us, .what = "ringway is ending"};
    exchanges_.end_abandoned();
    sessions_.for_each([&cut](http::H1Session& session) { session.begin_close(cut); });
    relays_.for_each([](TcpRelay& relay) { relay.begin_close(); });
    upstreams_.close_all();
}

void Shard::on_listener_closed(Listener&) {}

void Shard::finish_if_done() {
    if (state_ == State::finished || client_count() > 0) return;
    if (exchanges_.size() > 0 || upstreams_.connection_count() > 0 || io_.in_flight() > 0) return;
    for (const auto& listener : listeners_) {
        if (listener->state() != Listener::State::closed) return;
    }
    timers_.disarm(relief_);
    state_ = State::finished;
}

}  // namespace ringway::shards
