#include "shards/upstream_pool.h"

#include <algorithm>
#include <utility>

namespace ringway::shards {

namespace {

struct Share {
    std::uint32_t shard;
    std::uint32_t shard_count;
};

// A part of what the whole process may have. The parts add up to it, but no shard can do without.
std::uint32_t part_of(std::uint32_t whole, Share share) {
    if (whole == 0) return 0;
    const std::uint32_t rest = share.shard < whole % share.shard_count ? 1 : 0;
    return std::max(whole / share.shard_count + rest, 1U);
}

}  // namespace

UpstreamPool::UpstreamPool(http::Context& context, const Options& options)
    : context_(context),
      idle_max_(options.config.limits.upstream_idle),
      snapshots_(options.snapshots),
      connections_(options.connections_max) {
    for (const config::Group& group : options.config.groups) {
        GroupBalancer& balancer =
            balancers_.emplace_back(GroupBalancer::Options{.group = group,
                                                           .shards = options.config.shards,
                                                           .shard = {options.shard},
                                                           .shard_count = options.shard_count,
                                                           .seed = options.seed});
        if (snapshots_ != nullptr && balancer.shares_load()) snapshots_->add(balancer.load());
        first_.push_back(backends_.size());
        for (std::size_t i = 0; i < group.backends.size(); i++) {
            const core::Address& address = group.backends[i].address;
            backends_.push_back({.id = {static_cast<std::uint32_t>(backends_.size())},
                                 .address = address,
                                 .name = address.text(),
                                 .timeouts = &group.timeout,
                                 .settings = &group.pool,
                                 .connections_max = part_of(group.pool.connections,
                                                            {options.shard, options.shard_count}),
                                 .balancer = &balancer,
                                 .index = i});
            learned_idle_.emplace_back();
        }
    }
}

void UpstreamPool::acquire(const http::Selection& selection, http::UpstreamWaiter& waiter,
                           http::ResponseSink& response) {
    const std::optional<GroupBalancer::Choice> choice = choose(selection);
    if (!choice) {
        counters_.over_limit.add();
        return waiter.on_upstream_unavailable(
            {.code = core::Errc::unavailable, .what = "every backend has all its connections"}, {});
    }
    Backend& backend = backends_[first_[selection.group.value] + choice->backend];
    backend.balancer->begin(backend.index);
    const Loan loan{waiter, response, choice->sets_cookie};
    if (UpstreamConnection* connection = take_idle(backend, selection)) {
        counters_.reuses.add();
        return lend(*connection, loan, true);
    }
    connect(backend, loan);
}

std::optional<GroupBalancer::Choice> UpstreamPool::choose(const http::Selection& selection) {
    const core::Instant now = context_.now();
    if (snapshots_ != nullptr) snapshots_->take(now);
    const std::size_t first = first_[selection.group.value];
    std::optional<std::size_t> excluded;
    if (selection.has_excluded) excluded = selection.excluded.value - first;
    GroupBalancer& balancer = balancers_[selection.group.value];
    const std::optional<GroupBalancer::Choice> choice = balancer.choose(
        selection, excluded, {.now = now, .since_1970 = context_.io.clock().since_1970()});
    while (const auto due = balancer.take_due()) knock(backends_[first + *due]);
    return choice;
}

std::string_view UpstreamPool::write_cookie(core::BackendId id, std::span<char> space) const {
    const Backend& backend = backends_[id.value];
    return backend.balancer->write_cookie(backend.index, context_.io.clock().since_1970(), space);
}

// To be called after every change of what it counts.
void UpstreamPool::count_place(Backend& backend) {
    if (backend.connections_max == 0) return;
    const bool is_full =
        backend.idle == 0 && backend.connections + backend.tunnels >= backend.connections_max;
    backend.balancer->set_full(backend.index, is_full);
}

void UpstreamPool::count_tunnel(core::BackendId id, int change) {
    Backend& backend = backends_[id.value];
    change > 0 ? backend.balancer->begin(backend.index) : backend.balancer->end(backend.index);
    backend.tunnels += static_cast<std::uint32_t>(change);
    count_place(backend);
}

UpstreamConnection* UpstreamPool::take_idle(Backend& backend, const http::Selection& selection) {
    // An answer that nobody asked for would become the next one's: it was only not yet received.
    while (backend.idle_first != nullptr && backend.idle_first->client().has_unread()) {
        backend.idle_first->client().begin_close();
    }
    UpstreamConnection* connection = backend.idle_first;
    if (connection == nullptr || selection.fresh_only) return nullptr;
    // The one that became idle last is the safest; if it will not do, none will.
    if (!may_carry(*connection, selection)) return nullptr;
    unlink_idle(*connection);
    return connection;
}

bool UpstreamPool::may_carry(const UpstreamConnection& connection,
                             const http::Selection& selection) const {
    const core::Instant now = context_.now();
    const core::Duration age = now - connection.idle_since;
    const std::optional<core::Duration> limit =
        backends_[connection.backend()].idle_limit.retire_after(now);
    // Its timer is due but has not run yet.
    if (limit && age >= *limit) return false;
    return selection.is_idempotent || limit || age <= unrepeatable_idle_max;
}

void UpstreamPool::connect(Backend& backend, const Loan& loan) {
    // It was picked for an idle connection that will not do: that one makes room.
    if (backend.connections_max > 0 && backend.idle_first != nullptr &&
        backend.connections + backend.tunnels >= backend.connections_max) {
        backend.idle_first->client().begin_close();
    }
    const core::Result<UpstreamConnection*> opened = open(backend);
    if (!opened) return decline(backend, loan.waiter, opened.error());
    UpstreamConnection& connection = **opened;
    connection.waiter = &loan.waiter;
    connection.response = &loan.response;
    connection.sets_cookie = loan.sets_cookie;
    loan.waiter.pending = &connection;
}

// For nobody: it becomes idle, or the backend is left alone again.
void UpstreamPool::knock(Backend& backend) {
    const bool has_place = backend.connections_max == 0 ||
                           backend.connections + backend.tunnels < backend.connections_max;
    if (!is_shutting_down_ && has_place && open(backend)) return;
    backend.balancer->back_off(backend.index, context_.now() + backoff);
}

core::Result<UpstreamConnection*> UpstreamPool::open(Backend& backend) {
    UpstreamConnection* connection = connections_.try_create(
        context_, UpstreamConnection::Options{
                      .pool = *this, .backend = backend.id.value, .timeouts = *backend.timeouts});
    if (connection == nullptr) {
        counters_.over_limit.add();
        return std::unexpected(core::Error{.code = core::Errc::unavailable,
                                           .what = "no place for another connection"});
    }
    counters_.connects.add();
    if (core::Result<void> begun = connection->client().connect(backend.address); !begun) {
        connections_.destroy(*connection);
        counters_.connects_failed.add();
        return std::unexpected(begun.error());
    }
    backend.connections++;
    count_place(backend);
    return connection;
}

void UpstreamPool::decline(Backend& backend, http::UpstreamWaiter& waiter,
                           const core::Error& error) {
    backend.balancer->end(backend.index);
    waiter.on_upstream_unavailable(error, backend.id);
}

void UpstreamPool::cancel(http::UpstreamWaiter& waiter) {
    auto* connection = static_cast<UpstreamConnection*>(std::exchange(waiter.pending, nullptr));
    CHECK(connection != nullptr && connection->waiter == &waiter);
    // It goes on connecting and becomes idle: the next request will want it.
    connection->waiter = nullptr;
    connection->response = nullptr;
    Backend& backend = backends_[connection->backend()];
    backend.balancer->end(backend.index);
}

void UpstreamPool::lend(UpstreamConnection& connection, const Loan& loan, bool is_reused) {
    const Backend& backend = backends_[connection.backend()];
    connection.use = UpstreamConnection::Use::lent;
    connection.client().begin_exchange(loan.response);
    loan.waiter.on_upstream_ready({.upstream = &connection.client(),
                                   .backend = backend.id,
                                   .is_reused = is_reused,
                                   .sets_cookie = loan.sets_cookie});
}

void UpstreamPool::on_connected(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    backend.balancer->on_reachable(backend.index, context_.now());
    connection.connected_at = context_.now();
    http::UpstreamWaiter* waiter = std::exchange(connection.waiter, nullptr);
    if (waiter == nullptr) return keep_idle(connection);
    waiter->pending = nullptr;
    lend(connection,
         {*waiter, *std::exchange(connection.response, nullptr), connection.sets_cookie}, false);
}

void UpstreamPool::on_unreachable(UpstreamConnection& connection, const core::Error& error) {
    Backend& backend = backends_[connection.backend()];
    connection.use = UpstreamConnection::Use::ending;
    backend.connections--;
    count_place(backend);
    counters_.connects_failed.add();
    counters_.backoffs.add();
    backend.balancer->back_off(backend.index, context_.now() + backoff);
    http::UpstreamWaiter* waiter = std::exchange(connection.waiter, nullptr);
    if (waiter == nullptr) return;
    waiter->pending = nullptr;
    decline(backend, *waiter, error);
}

void UpstreamPool::on_idle(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    const http::H1Client& client = connection.client();
    backend.balancer->end(backend.index);
    backend.balancer->on_answered(backend.index, client.answered_after(), context_.now());
    if (const core::Duration said = client.announced_idle(); said.count() > 0) {
        backend.idle_limit.on_announced(said, context_.now());
        show_learned_idle(backend.id);
    }
    keep_idle(connection);
}

void UpstreamPool::keep_idle(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    connection.use = UpstreamConnection::Use::idle;
    connection.idle_since = context_.now();
    connection.previous = nullptr;
    connection.next = backend.idle_first;
    if (backend.idle_first != nullptr) backend.idle_first->previous = &connection;
    backend.idle_first = &connection;
    backend.idle++;
    count_place(backend);
    if (is_worn_out(connection)) counters_.worn_out.add();
    if (is_shutting_down_ || backend.idle > idle_max_ || is_worn_out(connection)) {
        return connection.client().begin_close();
    }
    limit_idle_time(connection);
}

bool UpstreamPool::is_worn_out(const UpstreamConnection& connection) const {
    const http::PoolSettings& settings = *backends_[connection.backend()].settings;
    if (settings.requests_per_connection > 0 &&
        connection.client().exchanges() >= settings.requests_per_connection) {
        return true;
    }
    return settings.connection_age.count() > 0 &&
           context_.now() - connection.connected_at >= settings.connection_age;
}

void UpstreamPool::limit_idle_time(UpstreamConnection& connection) {
    const Backend& backend = backends_[connection.backend()];
    core::Duration limit = backend.timeouts->idle;
    if (const auto learned = backend.idle_limit.retire_after(connection.idle_since)) {
        limit = std::min(limit, *learned);
    }
    if (const core::Duration age = backend.settings->connection_age; age.count() > 0) {
        limit = std::min(limit, connection.connected_at + age - context_.now());
    }
    if (limit < backend.timeouts->idle) connection.client().set_idle_timeout(limit);
}

void UpstreamPool::unlink_idle(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    (connection.previous == nullptr ? backend.idle_first : connection.previous->next) =
        connection.next;
    if (connection.next != nullptr) connection.next->previous = connection.previous;
    backend.idle--;
    count_place(backend);
}

void UpstreamPool::on_ending(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    backend.connections--;
    switch (std::exchange(connection.use, UpstreamConnection::Use::ending)) {
        case UpstreamConnection::Use::idle:
            if (connection.client().was_ended_by_server()) {
                counters_.ended_idle.add();
                backend.idle_limit.on_ended(context_.now() - connection.idle_since, context_.now());
                show_learned_idle(backend.id);
            } else {
                counters_.retired.add();
            }
            return unlink_idle(connection);
        case UpstreamConnection::Use::lent:
            backend.balancer->end(backend.index);
            return count_place(backend);
        case UpstreamConnection::Use::connecting:
        case UpstreamConnection::Use::ending:
            CHECK(false);
    }
}

void UpstreamPool::show_learned_idle(core::BackendId backend) {
    const auto learned = std::chrono::floor<std::chrono::milliseconds>(learned_idle(backend));
    learned_idle_[backend.value].set(learned.count());
}

void UpstreamPool::on_closed(UpstreamConnection& connection) {
    connections_.destroy(connection);
}

void UpstreamPool::end_stalled() {
    connections_.for_each(
        [](UpstreamConnection& connection) { connection.client().end_if_stalled(); });
}

void UpstreamPool::begin_shutdown() {
    is_shutting_down_ = true;
    for (Backend& backend : backends_) {
        while (backend.idle_first != nullptr) backend.idle_first->client().begin_close();
    }
}

void UpstreamPool::close_all() {
    is_shutting_down_ = true;
    connections_.for_each([](UpstreamConnection& connection) {
        if (connection.waiter == nullptr) connection.client().begin_close();
    });
}

std::uint32_t UpstreamPool::idle_count() const {
    std::uint32_t idle = 0;
    for (const Backend& backend : backends_) idle += backend.idle;
    return idle;
}

}  // namespace ringway::shards
