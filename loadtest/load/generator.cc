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
      machine_{
          .io = options.io,
          .timers = timers_,
          .buffers = buffers_,
          .field_table = field_table_,
          .tally = tally_,
          .first_bodies = first_bodies_,
          .target = options.load.target,
          .timeout = options.load.timeout,
          .closes = !options.load.keeps_alive,
          .handshake = options.load.handshake,
          .numbers = {.next = options.load.first_number + options.number, .step = options.count}},
      prng_(seed_of(options.load.seed, options.number)),
      arrivals_(arrivals_of(options)),
      mix_(options.load.requests) {
    connections_.reserve(options_.connections);
    ConnectionEvents& heard_by = *this;
    for (std::uint32_t i = options.first; i < options.first + options.connections; i++) {
        LoadConnection& connection =
            *connections_.emplace_back(std::make_unique<LoadConnection>(machine_, heard_by));
        if (active_among(options.load, i + 1) == active_among(options.load, i)) {
            connection.notes.role = LoadConnection::Role::is_held;
        }
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
        case Phase::warming:
        case Phase::measuring:
            if (is_open_loop() && !line_.is_empty()) return std::min(ends_, arrivals_.next());
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
            if (options_.stage.begins_at().value_or(core::Instant::max()) <= now) begin_asking();
            break;
        case Phase::warming:
        case Phase::measuring:
            run(now);
            break;
        case Phase::draining:
            if (asking_ == 0 || now >= ends_ + options_.load.grace) begin_closing();
            break;
        case Phase::closing:
            if (machine_.open == 0 && options_.io.in_flight() == 0) finish();
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
    if (phase_ >= Phase::measuring) publish();
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
    options_.stage.settle();
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

void LoadGenerator::begin_asking() {
    phase_ = Phase::warming;
    const core::Instant start = *options_.stage.begins_at();
    begins_ = start + options_.load.warm_up;
    ends_ = begins_ + options_.load.duration;
    measure_if_due(now());
    if (is_open_loop()) return arrivals_.start(start);
    while (LoadConnection* connection = take_ready()) ask(*connection, now());
}

void LoadGenerator::run(core::Instant now) {
    measure_if_due(now);
    if (is_open_loop()) serve_arrivals(now);
    if (now >= ends_) begin_draining();
}

// What the preparations and the warm-up counted is forgotten, but for what they left behind.
void LoadGenerator::measure_if_due(core::Instant now) {
    if (phase_ != Phase::warming || now < begins_) return;
    phase_ = Phase::measuring;
    cpu_before_ = thread_cpu_time();
    tally_.forget_requests();
}

void LoadGenerator::begin_draining() {
    if (phase_ == Phase::measuring) {
        tally_.measured = ends_ - begins_;
        tally_.cpu = thread_cpu_time() - cpu_before_;
    }
    phase_ = Phase::draining;
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
        case Phase::warming:
        case Phase::measuring:
            ends_ = std::min(ends_, now());
            return;  // `run` is next, asks what was due until now, and ends.
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
    if (!connection.open()) connection.rest(reconnect_after);
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
    if (is_measured(ended.meant_for)) {
        count(ended);
    } else if (ended.mistake) {
        tally_.count_early(*ended.mistake);
    }
    if (ended.meant_for == before_all && connection.is_ready()) settle(connection);
    if (connection.notes.role == LoadConnection::Role::is_held) return;
    connection.notes.pause = pause_after(ended);
    if (connection.is_ready() || connection.is_closed()) reuse(connection);
}

core::Duration LoadGenerator::pause_after(const Ended& ended) {
    if (ended.mistake == Mistake::connect) return reconnect_after;
    return is_open_loop() ? core::Duration{0} : ended.request.think.sample(prng_);
}

void LoadGenerator::on_rested(LoadConnection& connection) {
    reuse(connection);
}

void LoadGenerator::on_closed(LoadConnection& connection) {
    const bool is_held = connection.notes.role == LoadConnection::Role::is_held;
    if (!is_held || !connection.notes.is_settled) return reuse(connection);
    if (phase_ != Phase::closing) tally_.held_lost++;
}

void LoadGenerator::on_unreachable(LoadConnection& connection) {
    connection.notes.pause = reconnect_after;
    on_closed(connection);
}

// It is ready or closed, and may rest first.
void LoadGenerator::reuse(LoadConnection& connection) {
    if (is_over()) return;
    const core::Duration pause = std::exchange(connection.notes.pause, {});
    if (pause > core::Duration{0}) return connection.rest(pause);
    if (!connection.is_ready() && options_.load.keeps_alive) return open(connection);
    make_ready(connection);
}

// --- Asking -------------------------------------------------------------------------------------

void LoadGenerator::make_ready(LoadConnection& connection) {
    if (is_asking() && !is_open_loop()) return ask(connection, now());
    line_.push(connection);
}

// The next in the line that can be asked: its server may have ended a connection meanwhile.
LoadConnection* LoadGenerator::take_ready() {
    while (LoadConnection* connection = line_.pop()) {
        const bool may_open = !options_.load.keeps_alive && connection->is_closed();
        if (connection->is_ready() || may_open) return connection;
    }
    return nullptr;
}

void LoadGenerator::serve_arrivals(core::Instant now) {
    while (arrivals_.next() <= now && arrivals_.next() < ends_) {
        LoadConnection* connection = take_ready();
        if (connection == nullptr) return;
        const core::Instant meant_for = arrivals_.next();
        arrivals_.take();
        if (is_measured(meant_for)) tally_.lateness.add(now - meant_for);
        ask(*connection, meant_for);
    }
}

void LoadGenerator::ask(LoadConnection& connection, core::Instant meant_for) {
    asking_++;
    // The first after the warm-up may be asked by a handler, before the turn comes to `run`.
    measure_if_due(now());
    if (is_measured(meant_for)) tally_.sent++;
    connection.ask(mix_.draw(prng_), meant_for);
}

void LoadGenerator::count(const Ended& ended) {
    if (!ended.mistake) return count_answer(ended);
    tally_.count(*ended.mistake);
    if (mix_.is_mixed()) tally_.kind(mix_.index_of(ended.request)).mistakes++;
}

void LoadGenerator::count_answer(const Ended& ended) {
    const core::Duration latency = now() - ended.meant_for;
    tally_.answered++;
    if (now() < ends_) tally_.in_window++;
    tally_.latency.add(latency);
    if (!ended.backend.empty()) tally_.count_backend(ended.backend);
    if (!mix_.is_mixed()) return;
    KindTally& kind = tally_.kind(mix_.index_of(ended.request));
    kind.answered++;
    kind.latency.add(latency);
}

}  // namespace ringway::loadtest
