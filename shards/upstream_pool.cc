#include "shards/upstream_pool.h"

#include <algorithm>
#include <array>
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
        const std::size_t number = balancers_.size();
        const bool has_tables = options.tables != nullptr && (*options.tables)[number];
        GroupBalancer& balancer = balancers_.emplace_back(
            GroupBalancer::Options{.group = group,
                                   .shards = options.config.shards,
                                   .shard = {options.shard},
                                   .shard_count = options.shard_count,
                                   .seed = options.seed,
                                   .tables = has_tables ? &*(*options.tables)[number] : nullptr});
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
            const std::uint32_t per_second =
                part_of(group.pool.connects_per_second, {options.shard, options.shard_count});
            if (per_second == 0) continue;
            backends_.back().turns = &turns_.emplace_back(
                context_.timers, ConnectTurns::Options{.pool = *this,
                                                       .backend = backends_.size() - 1,
                                                       .per_second = per_second,
                                                       .wait_max = group.timeout.connect});
        }
    }
}

void UpstreamPool::acquire(const http::Selection& selection, http::UpstreamWaiter& waiter,
                           http::ResponseSink& response) {
    const std::optional<GroupBalancer::Choice> choice = choose(selection);
    if (!choice) {
        counters_.over_limit.add();
        return waiter.on_upstream_unavailable(
            {.error = {.code = core::Errc::unavailable,
                       .what = "every backend has all its connections"}});
    }
    Backend& backend = backends_[first_[selection.group.value] + choice->backend];
    backend.balancer->begin(backend.index);
    const Loan loan{waiter, response, choice->sets_cookie};
    if (has_line(backend)) return connect(backend, selection, loan);
    if (UpstreamConnection* connection = take_idle(backend, selection)) {
        counters_.reuses.add();
        return lend(*connection, loan, true);
    }
    connect(backend, selection, loan);
}

std::optional<GroupBalancer::Choice> UpstreamPool::choose(const http::Selection& selection) {
    const core::Instant now = context_.now();
    if (snapshots_ != nullptr) snapshots_->take(now);
    const std::size_t first = first_[selection.group.value];
    std::array<std::uint32_t, http::FailedBackends::count_max> failed{};
    CHECK(selection.failed.size() <= failed.size());
    std::ranges::transform(selection.failed, failed.begin(), [first](core::BackendId id) {
        return id.value - static_cast<std::uint32_t>(first);
    });
    GroupBalancer& balancer = balancers_[selection.group.value];
    const std::optional<GroupBalancer::Choice> choice =
        balancer.choose(selection, std::span{failed}.first(selection.failed.size()),
                        {.now = now, .since_1970 = context_.io.clock().since_1970()});
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

void UpstreamPool::connect(Backend& backend, const http::Selection& selection, const Loan& loan) {
    // It was picked for an idle connection that will not do: that one makes room.
    if (backend.connections_max > 0 && backend.idle_first != nullptr &&
        backend.connections + backend.tunnels >= backend.connections_max) {
        backend.idle_first->client().begin_close();
    }
    const core::Result<UpstreamConnection*> placed = place(backend);
    if (!placed) return decline(backend, loan.waiter, placed.error());
    UpstreamConnection& connection = **placed;
    const bool waits =
        has_line(backend) || (backend.turns != nullptr && !backend.turns->try_take(context_.now()));
    if (waits) {
        counters_.connects_paced.add();
        connection.is_idempotent = selection.is_idempotent;
        connection.fresh_only = selection.fresh_only;
        backend.turns->wait(connection, context_.now());
    } else if (core::Result<void> begun = open(connection); !begun) {
        return decline(backend, loan.waiter, begun.error());
    }
    connection.waiter = &loan.waiter;
    connection.response = &loan.response;
    connection.sets_cookie = loan.sets_cookie;
    loan.waiter.pending = &connection;
}

// For nobody: it becomes idle, or the backend is left alone again.
void UpstreamPool::knock(Backend& backend) {
    const bool has_room = backend.connections_max == 0 ||
                          backend.connections + backend.tunnels < backend.connections_max;
    if (!is_shutting_down_ && has_room) {
        const core::Result<UpstreamConnection*> placed = place(backend);
        if (placed && open(**placed)) return;
    }
    backend.balancer->back_off(backend.index, context_.now() + backoff);
}

core::Result<UpstreamConnection*> UpstreamPool::place(Backend& backend) {
    UpstreamConnection* connection = connections_.try_create(
        context_, UpstreamConnection::Options{
                      .pool = *this, .backend = backend.id.value, .timeouts = *backend.timeouts});
    if (connection == nullptr) {
        counters_.over_limit.add();
        return std::unexpected(core::Error{.code = core::Errc::unavailable,
                                           .what = "no place for another connection"});
    }
    backend.connections++;
    count_place(backend);
    return connection;
}

// When it fails at once the connection is gone.
core::Result<void> UpstreamPool::open(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    counters_.connects.add();
    connection.use = UpstreamConnection::Use::connecting;
    core::Result<void> begun = connection.client().connect(backend.address);
    if (begun) return begun;
    connections_.destroy(connection);
    counters_.connects_failed.add();
    backend.connections--;
    count_place(backend);
    return begun;
}

// --- Where connections are opened at a bounded rate ---------------------------------------------

// Who comes now does not overtake those who wait, nor takes what has become idle for them.
bool UpstreamPool::has_line(const Backend& backend) {
    return backend.turns != nullptr && backend.turns->first() != nullptr;
}

core::Instant UpstreamPool::serve_turns(std::size_t index) {
    Backend& backend = backends_[index];
    const core::Instant now = context_.now();
    while (backend.turns->first() != nullptr &&
           backend.turns->is_over(*backend.turns->first(), now)) {
        decline(backend, withdraw(*backend.turns->first()),
                {.code = core::Errc::timed_out,
                 .what = "no turn to open a connection within timeout.connect"});
    }
    // It refused meanwhile, and others can be asked.
    if (backend.balancer->is_passed_over(backend.index)) {
        send_away_waiting(backend, {.code = core::Errc::unavailable,
                                    .retry = core::Retry::yes,
                                    .what = "it refused a connection"});
    }
    while (has_line(backend) && serve_turn(backend, *backend.turns->first())) {
    }
    return now;
}

bool UpstreamPool::serve_turn(Backend& backend, UpstreamConnection& waiting) {
    http::Selection selection;
    selection.is_idempotent = waiting.is_idempotent;
    selection.fresh_only = waiting.fresh_only;
    if (UpstreamConnection* idle = take_idle(backend, selection)) {
        counters_.reuses.add();
        http::ResponseSink& response = *waiting.response;
        const bool sets_cookie = waiting.sets_cookie;
        lend(*idle, {withdraw(waiting), response, sets_cookie}, true);
        return true;
    }
    if (!backend.turns->try_take(context_.now())) return false;
    backend.turns->leave(waiting);
    http::UpstreamWaiter& waiter = *waiting.waiter;
    if (core::Result<void> begun = open(waiting); !begun) {
        waiter.pending = nullptr;
        decline(backend, waiter, begun.error());
    }
    return true;
}

// Out of the line; its connection was never opened.
http::UpstreamWaiter& UpstreamPool::withdraw(UpstreamConnection& waiting) {
    Backend& backend = backends_[waiting.backend()];
    http::UpstreamWaiter& waiter = *waiting.waiter;
    waiter.pending = nullptr;
    backend.turns->leave(waiting);
    connections_.destroy(waiting);
    backend.connections--;
    count_place(backend);
    return waiter;
}

// They would meet the same: they had better try another one. Those who come back here meanwhile
// stand behind the last of them, and are not asked twice.
void UpstreamPool::send_away_waiting(Backend& backend, const core::Error& error) {
    if (!has_line(backend)) return;
    const UpstreamConnection* const last = backend.turns->last();
    for (bool is_last = false; !is_last && has_line(backend);) {
        UpstreamConnection& waiting = *backend.turns->first();
        is_last = &waiting == last;
        decline(backend, withdraw(waiting), error);
    }
}

void UpstreamPool::decline(Backend& backend, http::UpstreamWaiter& waiter,
                           const core::Error& error) {
    backend.balancer->end(backend.index);
    waiter.on_upstream_unavailable(
        {.error = error,
         .backend = backend.id,
         .others_remain = backend.balancer->is_passed_over(backend.index)});
}

void UpstreamPool::cancel(http::UpstreamWaiter& waiter) {
    auto* connection = static_cast<UpstreamConnection*>(std::exchange(waiter.pending, nullptr));
    CHECK(connection != nullptr && connection->waiter == &waiter);
    Backend& backend = backends_[connection->backend()];
    backend.balancer->end(backend.index);
    if (connection->use == UpstreamConnection::Use::waiting) {
        withdraw(*connection);
        return;
    }
    // It goes on connecting and becomes idle: the next request will want it.
    connection->waiter = nullptr;
    connection->response = nullptr;
}

void UpstreamPool::lend(UpstreamConnection& connection, const Loan& loan, bool is_reused) {
    const Backend& backend = backends_[connection.backend()];
    connection.use = UpstreamConnection::Use::lent;
    connection.asked_among = backend.balancer->concurrency(backend.index);
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
    if (waiter != nullptr) {
        waiter->pending = nullptr;
        decline(backend, *waiter, error);
    }
    send_away_waiting(backend, error);
}

void UpstreamPool::on_idle(UpstreamConnection& connection) {
    Backend& backend = backends_[connection.backend()];
    const http::H1Client& client = connection.client();
    backend.balancer->end(backend.index);
    backend.balancer->on_answered(backend.index, client.answered_after(), context_.now());
    backend.balancer->learn(backend.index, connection.asked_among, client.answered_after());
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
    if (backend.turns != nullptr) backend.turns->on_idle(context_.now());
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
        case UpstreamConnection::Use::waiting:
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
