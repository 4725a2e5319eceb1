#include "loadtest/load/generator.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

namespace ringway::loadtest {

namespace {

// When a request is meant for that is no part of the load: it is never measured.
constexpr core::Instant before_all = core::Instant::min();

// Heads and pieces of uploads on their way to the kernel. Memory that is not used is not there, so
// there is enough for every descriptor that a thread may have.
constexpr core::BufferPool::Options buffer_options{.count = 65'535, .bytes_each = 8'192};

std::uint64_t seed_of(std::uint64_t seed, std::uint32_t generator) {
    std::uint64_t own = seed + generator;
    return core::Prng::splitmix(own);
}

core::Duration thread_cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// How many of the first `count` connections ask. They are spread evenly, so that they are not
// those that came first, and so that every generator has its part.
std::uint32_t active_among(const LoadOptions& load, std::uint32_t count) {
    return static_cast<std::uint32_t>(std::floor(load.active * count + 1e-6));
}

// Its share of the rate is its share of the connections that ask.
Arrivals::Options arrivals_of(const LoadGenerator::Options& options) {
    const LoadOptions& load = options.load;
    const std::uint32_t before = active_among(load, options.first);
    const std::uint32_t own = active_among(load, options.first + options.connections) - before;
    const std::uint32_t all = active_among(load, load.connections);
    return {.kind = load.arrivals,
            .per_second = load.rate * own / all,
            .phase = static_cast<double>(options.number) / options.count,
            .seed = seed_of(load.seed, options.number + 1'000)};
}

}  // namespace

LoadGenerator::LoadGenerator(const Options& options)
    : options_(options),
      buffers_(buffer_options),
      timers_(options.io.clock().now()),
      machine_{.io = options.io,
               .timers = timers_,
               .buffers = buffers_,
               .field_table = field_table_,
               .tally = tally_,
               .first_bodies = first_bodies_,
               .target = options.load.target,
               .timeout = options.load.timeout,
               .closes = !options.load.keeps_alive,
               .handshake = options.load.handshake},
      prng_(seed_of(options.load.seed, options.number)),
      arrivals_(arrivals_of(options)) {
    for (const LoadRequest& request : options_.load.requests) weights_ += request.weight;
    connections_.reserve(options_.connections);
    ConnectionEvents& heard_by = *this;
    for (std::uint32_t i = options.first; i < options.first + options.connections; i++) {
        LoadConnection& connection =
            *connections_.emplace_back(std::make_unique<LoadConnection>(machine_, heard_by));
        connection.notes.is_held =
            active_among(options.load, i + 1) == active_among(options.load, i);
    }
    ramp_ends_ = now() + options_.load.ramp_max;
    timers_.arm(look_.then<&LoadGenerator::on_look>(), now());
}

LoadGenerator::~LoadGenerator() {
    CHECK(is_finished());
}

// --- The loop -----------------------------------------------------------------------------------

void LoadGenerator::tick() {
    options_.io.run_once(std::min(timers_.next_deadline(), next_event()), *this);
    timers_.advance(now());
    advance(now());
    options_.io.pool(core::Pool::upstream).resume_waiters();
}

// What is more exact than a tick of the timer wheel.
core::Instant LoadGenerator::next_event() const {
    switch (phase_) {
        case Phase::waiting:
            return options_.stage.begins_at().value_or(core::Instant::max());
        case Phase::running:
            if (is_open_loop() && ready_first_ != nullptr) return std::min(ends_, arrivals_.next());
            return ends_;
        case Phase::draining:
            return ends_ + options_.load.grace;
        case Phase::ramping:
        case Phase::closing:
        case Phase::finished:
            break;
    }
    return core::Instant::max();
}

void LoadGenerator::advance(core::Instant now) {
    switch (phase_) {
        case Phase::waiting:
            if (options_.stage.begins_at().value_or(core::Instant::max()) <= now) begin_running();
            break;
        case Phase::running:
            if (!is_measuring_ && now >= begins_) begin_measuring();
            if (is_open_loop()) serve_arrivals(now);
            if (now >= ends_) begin_draining();
            break;
        case Phase::draining:
            if (asking_ == 0 || now >= ends_ + options_.load.grace) begin_closing();
            break;
        case Phase::closing:
            if (open_ == 0 && options_.io.in_flight() == 0) finish();
            break;
        case Phase::ramping:
        case Phase::finished:
            break;
    }
}

void LoadGenerator::on_look() noexcept {
    if (options_.stage.is_stopped()) return stop();
    if (phase_ == Phase::ramping) {
        open_more();
        if (now() >= ramp_ends_) end_ramp();
    }
    if (is_measuring_) publish();
    const bool soon = phase_ == Phase::ramping || phase_ == Phase::waiting;
    timers_.arm(look_, now() + (soon ? look_after : publish_after));
}

void LoadGenerator::publish() {
    options_.stage.publish(tally_);
    tally_.clear();
}

// --- Phases -------------------------------------------------------------------------------------

void LoadGenerator::open_more() {
    if (!options_.load.keeps_alive) return settle_all();
    while (opened_ < connections_.size() && opened_ - settled_ < connecting_max) {
        open(*connections_[opened_++]);
    }
}

// With a connection per request there is none to be made before the beginning.
void LoadGenerator::settle_all() {
    for (const auto& connection : connections_) make_ready(*connection);
    arrive();
}

void LoadGenerator::settle(LoadConnection& connection) {
    if (std::exchange(connection.notes.is_settled, true)) return;
    settled_++;
    if (phase_ != Phase::ramping) return;
    if (settled_ == connections_.size()) return arrive();
    open_more();
}

// It begins without those that are not there yet, and does not pass for what was asked for.
void LoadGenerator::end_ramp() {
    if (phase_ == Phase::ramping) tally_.connects_failed += connections_.size() - settled_;
    arrive();
}

void LoadGenerator::arrive() {
    if (phase_ != Phase::ramping) return;
    phase_ = Phase::waiting;
    options_.stage.arrive(now());
}

void LoadGenerator::begin_running() {
    phase_ = Phase::running;
    const core::Instant start = *options_.stage.begins_at();
    begins_ = start + options_.load.warm_up;
    ends_ = begins_ + options_.load.duration;
    if (now() >= begins_) begin_measuring();
    if (is_open_loop()) return arrivals_.start(start);
    while (LoadConnection* connection = pop_ready()) ask(*connection, now());
}

// What the preparations and the warm-up counted is forgotten, but for what they left behind.
void LoadGenerator::begin_measuring() {
    is_measuring_ = true;
    cpu_before_ = thread_cpu_time();
    LoadTally fresh;
    fresh.connects = tally_.connects;
    fresh.connects_failed = tally_.connects_failed;
    fresh.held_lost = tally_.held_lost;
    fresh.stray = tally_.stray;
    tally_ = fresh;
}

void LoadGenerator::begin_draining() {
    phase_ = Phase::draining;
    if (is_measuring_) {
        tally_.measured = ends_ - begins_;
        tally_.cpu = thread_cpu_time() - cpu_before_;
    }
    if (!is_open_loop()) return;
    for (; arrivals_.next() < ends_; arrivals_.take()) {
        if (arrivals_.next() >= begins_) tally_.unsent++;
    }
}

void LoadGenerator::begin_closing() {
    phase_ = Phase::closing;
    for (const auto& connection : connections_) {
        const bool is_asking = connection->request() != nullptr;
        if (is_asking && is_measured(connection->meant_for())) tally_.unfinished++;
        connection->begin_close();
    }
}

void LoadGenerator::stop() {
    switch (phase_) {
        case Phase::ramping:
        case Phase::waiting:
            return begin_closing();
        case Phase::running:
            ends_ = std::min(ends_, now());
            return begin_draining();
        case Phase::draining:
        case Phase::closing:
        case Phase::finished:
            return;
    }
}

void LoadGenerator::finish() {
    phase_ = Phase::finished;
    timers_.disarm(look_);
    publish();
    options_.stage.leave();
}

// --- Connections --------------------------------------------------------------------------------

void LoadGenerator::open(LoadConnection& connection) {
    if (connection.open()) {
        open_++;
    } else {
        connection.rest(reconnect_after);
    }
}

// Where connections are held, each is asked once before all begins, so that it is really somebody's
// and not only in a queue, or given up by a server that waits for the first request.
void LoadGenerator::on_open(LoadConnection& connection) {
    const bool is_new = !connection.notes.is_settled;
    if (!is_new || options_.load.active >= 1) {
        make_ready(connection);
        return settle(connection);
    }
    asking_++;
    connection.ask(options_.load.requests.front(), before_all);
}

void LoadGenerator::on_ended(LoadConnection& connection, const Ended& ended) {
    asking_--;
    if (is_measured(ended.meant_for)) count(ended);
    if (ended.meant_for == before_all && connection.is_ready()) settle(connection);
    if (connection.notes.is_held) return;
    connection.notes.pause = pause_after(ended);
    if (connection.is_ready() || connection.state() == LoadConnection::State::closed) {
        reuse(connection);
    }
}

core::Duration LoadGenerator::pause_after(const Ended& ended) {
    if (ended.mistake == Mistake::connect) return reconnect_after;
    return is_open_loop() ? core::Duration{0} : ended.request.think.sample(prng_);
}

void LoadGenerator::on_rested(LoadConnection& connection) {
    reuse(connection);
}

void LoadGenerator::on_closed(LoadConnection& connection) {
    open_--;
    if (connection.notes.is_held && connection.notes.is_settled) {
        if (phase_ != Phase::closing) tally_.held_lost++;
        return;
    }
    if (!connection.was_open()) connection.notes.pause = reconnect_after;
    reuse(connection);
}

// It is ready or closed, and may rest first.
void LoadGenerator::reuse(LoadConnection& connection) {
    if (phase_ > Phase::running) return;
    const core::Duration pause = std::exchange(connection.notes.pause, {});
    if (pause > core::Duration{0}) return connection.rest(pause);
    if (!connection.is_ready() && options_.load.keeps_alive) return open(connection);
    make_ready(connection);
}

// --- Asking -------------------------------------------------------------------------------------

void LoadGenerator::make_ready(LoadConnection& connection) {
    if (phase_ == Phase::running && !is_open_loop()) return ask(connection, now());
    // It may still be in the line from before its server closed it.
    if (std::exchange(connection.notes.is_listed, true)) return;
    connection.notes.next = nullptr;
    (ready_last_ != nullptr ? ready_last_->notes.next : ready_first_) = &connection;
    ready_last_ = &connection;
}

LoadConnection* LoadGenerator::pop_ready() {
    while (ready_first_ != nullptr) {
        LoadConnection* connection = ready_first_;
        ready_first_ = connection->notes.next;
        if (ready_first_ == nullptr) ready_last_ = nullptr;
        connection->notes.is_listed = false;
        const bool may_open =
            !options_.load.keeps_alive && connection->state() == LoadConnection::State::closed;
        if (connection->is_ready() || may_open) return connection;
    }
    return nullptr;
}

void LoadGenerator::serve_arrivals(core::Instant now) {
    while (arrivals_.next() <= now && arrivals_.next() < ends_) {
        LoadConnection* connection = pop_ready();
        if (connection == nullptr) return;
        const core::Instant meant_for = arrivals_.next();
        arrivals_.take();
        if (is_measured(meant_for)) tally_.lateness.add(now - meant_for);
        ask(*connection, meant_for);
    }
}

void LoadGenerator::ask(LoadConnection& connection, core::Instant meant_for) {
    asking_++;
    // The first after the warm-up may be asked by a handler, before the turn comes to `advance`.
    if (!is_measuring_ && now() >= begins_) begin_measuring();
    if (is_measured(meant_for)) tally_.sent++;
    const bool opens = !connection.is_ready();
    if (opens) open_++;
    connection.ask(draw(), meant_for);
    if (opens && connection.state() == LoadConnection::State::closed) open_--;
}

const LoadRequest& LoadGenerator::draw() {
    const std::vector<LoadRequest>& requests = options_.load.requests;
    if (requests.size() == 1) return requests.front();
    double left = prng_.real() * weights_;
    for (const LoadRequest& request : requests) {
        left -= request.weight;
        if (left < 0) return request;
    }
    return requests.back();
}

void LoadGenerator::count(const Ended& ended) {
    const std::vector<LoadRequest>& requests = options_.load.requests;
    KindTally* kind = nullptr;
    if (requests.size() > 1) {
        kind = &tally_.kind(static_cast<std::size_t>(&ended.request - requests.data()));
    }
    if (ended.mistake) {
        if (kind != nullptr) kind->mistakes++;
        return tally_.count(*ended.mistake);
    }
    const core::Duration latency = now() - ended.meant_for;
    tally_.answered++;
    if (now() < ends_) tally_.in_window++;
    tally_.latency.add(latency);
    if (ended.backend) tally_.count_backend(*ended.backend);
    if (kind == nullptr) return;
    kind->answered++;
    kind->latency.add(latency);
}

}  // namespace ringway::loadtest
