#include "tests/fuzz/action_proxy.h"

#include <fmt/format.h>

namespace ringway::fuzz {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t clients_max = 4;
constexpr std::uint32_t tunnels_max = 2;
constexpr std::uint32_t upstreams_max = 6;

config::Config small_config() {
    config::Config config;
    config.limits.upstream_idle = 2;
    config::Group group{.name = "web", .backends = {}, .timeout = {}, .retry = {}};
    group.timeout = {
        .connect = 1s, .first_byte = 5s, .between_bytes = 5s, .idle = 10s, .tunnel_idle = 20s};
    group.retry.statuses = {503};
    for (std::uint32_t i = 0; i < backends_count; i++) {
        group.backends.push_back({.address = backend_address(i)});
    }
    config.groups.push_back(std::move(group));
    config.http.head_limits = {
        .request_line_max = 500, .header_bytes_max = 2'000, .header_count_max = 24};
    config.http.body_limits = {.chunk_extension_bytes_max = 16, .trailer_bytes_max = 64};
    config.http.client = {
        .header_timeout = 5s, .body_timeout = 5s, .idle_timeout = 20s, .send_timeout = 5s};
    return config;
}

sim::SimIo::Options small_pools() {
    return {.host = core::Address::parse("10.0.0.1:0").value(),
            .client_pool = {.count = 12, .bytes_each = 1'536, .front_room = 512},
            .upstream_pool = {.count = 12, .bytes_each = 1'536, .front_room = 512},
            .bulk_pool = {.count = 2, .bytes_each = 8'192, .front_room = 512}};
}

}  // namespace

core::Address proxy_address() {
    return core::Address::parse("10.0.0.1:8080").value();
}

core::Address backend_address(std::uint32_t number) {
    return core::Address::parse(fmt::format("10.2.0.{}:80", number + 2)).value();
}

ActionProxy::ActionProxy(sim::SimNet& net)
    : config_(small_config()),
      io_(net, small_pools()),
      timers_(io_.clock().now()),
      context_{.io = io_,
               .timers = timers_,
               .settings = config_.http,
               .small_buffers = small_buffers_,
               .large_buffers = large_buffers_,
               .counters = counters_,
               .field_table = field_table_},
      router_(http::Route{.group = {0}, .retry = &config_.groups.front().retry}),
      upstreams_(context_, {.config = config_, .connections_max = upstreams_max, .seed = 0}),
      exchanges_(context_, {.count_max = clients_max,
                            .router = router_,
                            .upstreams = upstreams_,
                            .tunnels = *this,
                            .forwarding = forwarding_,
                            .budgets = {http::RetryBudget{{.share = 0.2, .floor_per_second = 1}}}}),
      sessions_(clients_max),
      relays_(tunnels_max),
      listener_(io_, timers_,
                {.owner = *this,
                 .fd = io_.listen(proxy_address()),
                 .arrival = {.scheme = "http", .port = "8080"}}) {
    listener_.begin_accepting();
}

void ActionProxy::tick() {
    io_.run_once(timers_.next_deadline(), *this);
    timers_.advance(io_.clock().now());
    io_.pool(core::Pool::upstream).resume_waiters();
    io_.pool(core::Pool::client).resume_waiters();
}

void ActionProxy::on_accepted(shards::Listener& listener, int fd) {
    http::H1Session* session = sessions_.try_create(
        context_, http::H1Session::Options{
                      .owner = *this, .sinks = exchanges_, .arrival = listener.arrival()});
    CHECK(session != nullptr);
    session->start(fd, {});
    if (is_draining_) session->begin_drain();
}

bool ActionProxy::has_room() const {
    return !is_draining_ && sessions_.size() + relays_.size() < clients_max;
}

void ActionProxy::on_session_closed(http::H1Session& session) {
    sessions_.destroy(session);
    listener_.resume_if_paused();
}

http::TunnelEnds* ActionProxy::try_open(core::BackendId backend) {
    upstreams_.begin_tunnel(backend);
    shards::TcpRelay* relay = relays_.try_create(
        io_, timers_,
        shards::TcpRelay::Options{.owner = *this,
                                  .backend = backend,
                                  .idle_timeout = upstreams_.timeouts(backend).tunnel_idle});
    if (relay == nullptr) upstreams_.end_tunnel(backend);
    return relay;
}

void ActionProxy::on_relay_closed(shards::TcpRelay& relay) {
    upstreams_.end_tunnel(relay.backend());
    relays_.destroy(relay);
    listener_.resume_if_paused();
}

// --- Memory -------------------------------------------------------------------------------------

core::BufferPool& ActionProxy::pool_of(Memory kind) {
    switch (kind) {
        case Memory::receives:
            return io_.pool(core::Pool::client);
        case Memory::answers:
            return io_.pool(core::Pool::upstream);
        case Memory::small:
            return small_buffers_;
        case Memory::large:
            return large_buffers_;
        case Memory::bulk:
            break;
    }
    return io_.bulk_pool();
}

void ActionProxy::dry_or_refill(Memory kind) {
    std::vector<core::Buffer>& taken = taken_[static_cast<std::size_t>(kind)];
    if (!taken.empty()) return taken.clear();
    while (core::Buffer buffer = pool_of(kind).try_take()) taken.push_back(std::move(buffer));
}

void ActionProxy::refill_all() {
    for (std::vector<core::Buffer>& taken : taken_) taken.clear();
}

// --- The end ------------------------------------------------------------------------------------

void ActionProxy::begin_drain() {
    if (is_draining_) return;
    is_draining_ = true;
    listener_.begin_close();
    sessions_.for_each([](http::H1Session& session) { session.begin_drain(); });
    upstreams_.begin_shutdown();
}

void ActionProxy::end_now() {
    begin_drain();
    const core::Error cut{
        .code = core::Errc::canceled, .side = core::Side::us, .what = "ringway is ending"};
    sessions_.for_each([&cut](http::H1Session& session) { session.begin_close(cut); });
    relays_.for_each([](shards::TcpRelay& relay) { relay.begin_close(); });
    upstreams_.close_all();
}

bool ActionProxy::finish() {
    begin_drain();
    return io_.in_flight() == 0 && listener_.state() == shards::Listener::State::closed;
}

bool ActionProxy::is_at_rest() const {
    return sessions_.size() + relays_.size() + exchanges_.size() == 0 &&
           upstreams_.connection_count() == 0 && listener_.waiting_count() == 0;
}

void ActionProxy::check_at_rest() {
    CHECK(is_at_rest());
    CHECK(counters_.requests.value() == counters_.exchanges_finished.value());
    for (std::uint32_t i = 0; i < backends_count; i++) CHECK(upstreams_.in_flight({i}) == 0);
    for (std::uint32_t kind = 0; kind < memory_kinds; kind++) {
        core::BufferPool& pool = pool_of(static_cast<Memory>(kind));
        CHECK(pool.free_count() + taken_[kind].size() == pool.count());
        CHECK(!pool.has_waiters());
    }
}

void ActionProxy::check_at_end() {
    check_at_rest();
    CHECK(io_.in_flight() == 0);
    CHECK(io_.open_descriptors() == 0);
}

}  // namespace ringway::fuzz
