#include "loadtest/origin/backend.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/listen_socket.h"

namespace ringway::loadtest {

namespace {

// A port that was let go of can be held by somebody else for a moment.
constexpr core::Duration listen_retry_after = std::chrono::milliseconds(20);
// Connections that the kernel hands over between our cancelling an accept and its ending.
constexpr std::uint32_t late_accepts_max = 256;

http::Settings http_settings() {
    http::Settings settings;
    // What a proxy adds to the longest head it takes must fit here; with a receive buffer behind it
    // it must fit a large buffer.
    settings.head_limits = {
        .request_line_max = 40'000, .header_bytes_max = 48'000, .header_count_max = 256};
    // Who is slow is the other side's to notice.
    settings.client.body_timeout = never;
    settings.client.send_timeout = never;
    return settings;
}

}  // namespace

Backend::Backend(Machine& machine, const Options& options)
    : machine_(machine),
      options_(options),
      counts_(machine.board.counts(options.number)),
      prng_(options.seed),
      http_settings_(http_settings()),
      context_{.io = machine.io,
               .timers = machine.timers,
               .settings = http_settings_,
               .small_buffers = machine.small_buffers,
               .large_buffers = machine.large_buffers,
               .counters = http_counters_,
               .field_table = machine.field_table},
      acceptor_(machine.io, machine.timers, *this),
      connections_(options.connections_max + late_accepts_max) {
    // What a process before us that was killed left behind.
    for (core::Gauge* gauge : {&counts_.open, &counts_.active, &counts_.queued}) gauge->set(0);
}

Backend::~Backend() {
    CHECK(is_finished());
}

// --- Settings -----------------------------------------------------------------------------------

Answer Backend::answer_of(std::uint64_t length) const {
    return Answer{{.status = settings_.status, .length = length, .backend = options_.number}};
}

void Backend::refresh() {
    settings_ = machine_.board.settings(options_.number);
    // Before its first request a connection is as idle as after its last.
    http_settings_.client.idle_timeout = settings_.idle_close;
    http_settings_.client.header_timeout = settings_.idle_close;
    const auto own = [this](std::uint32_t status) {
        return Answer{{.status = status, .length = 16, .backend = options_.number}};
    };
    answer_ = Answer{{.status = settings_.status,
                      .length = settings_.size,
                      .chunked = settings_.chunked,
                      .backend = options_.number}};
    error_answer_ = own(settings_.error_status);
    busy_answer_ = own(503);
    health_answer_ = own(settings_.health == Health::up ? 200 : 503);
    follow_up();
    serve_waiting();
}

// Brings the listening socket to what the settings say. Called again when it has closed.
void Backend::follow_up() {
    const bool is_wanted = settings_.up && !is_closing_;
    if (is_wanted && acceptor_.state() == Acceptor::State::closed) listen_again();
    if (is_wanted || acceptor_.state() == Acceptor::State::closing) return;
    machine_.timers.disarm(listen_retry_);
    if (acceptor_.state() != Acceptor::State::closed) acceptor_.begin_close();
    reset_connections();
}

void Backend::listen_again() {
    if (listen_retry_.is_armed()) return;
    const core::Result<int> fd = core::open_listen_socket(options_.address, {.exclusive = true});
    if (fd) {
        has_told_ = false;
        return acceptor_.open(*fd);
    }
    // Tried every few milliseconds, told once.
    if (!std::exchange(has_told_, true))
        fmt::print(stderr, "ringway-origin: backend {} cannot listen on {} again: {}\n",
                   options_.number, options_.address.text(), std::strerror(fd.error().sys));
    machine_.timers.arm(listen_retry_.then<&Backend::on_listen_retry>(),
                        context_.now() + listen_retry_after);
}

void Backend::reset_connections() {
    connections_.for_each([](Connection& connection) { connection.reset(); });
}

// --- Connections --------------------------------------------------------------------------------

void Backend::start(int listen_fd) {
    acceptor_.open(listen_fd);
    refresh();
}

void Backend::on_accepted(int fd) {
    Connection* connection = connections_.try_create(*this, fd);
    CHECK(connection != nullptr);
    counts_.connections.add();
    counts_.open.add();
    connection->start();
    if (is_closing_ || !settings_.up) connection->reset();
}

void Backend::on_connection_closed(Connection& connection) {
    connections_.destroy(connection);
    counts_.open.subtract();
    counts_.malformed.add(http_counters_.requests_refused.value() - refused_seen_);
    refused_seen_ = http_counters_.requests_refused.value();
    acceptor_.resume_if_paused();
}

void Backend::on_acceptor_closed() {
    follow_up();
}

void Backend::begin_close() {
    is_closing_ = true;
    machine_.timers.disarm(listen_retry_);
    acceptor_.begin_close();
    connections_.for_each([](Connection& connection) { connection.begin_close(); });
}

bool Backend::is_finished() const {
    return acceptor_.state() == Acceptor::State::closed && connections_.size() == 0;
}

// --- Capacity -----------------------------------------------------------------------------------

bool Backend::has_slot() const {
    return settings_.slots == 0 || counts_.active.value() < std::int64_t{settings_.slots};
}

void Backend::take_slot() {
    counts_.active.add();
    if (counts_.active.value() > counts_.active_max.value()) {
        counts_.active_max.set(counts_.active.value());
    }
}

void Backend::release_slot() {
    counts_.active.subtract();
    if (!waiting_.empty()) machine_.slot_was_freed = true;
}

void Backend::admit(Connection& connection) {
    // Who comes now does not overtake those who wait.
    if (waiting_.empty() && has_slot()) {
        take_slot();
        return connection.serve();
    }
    if (waiting_.size() >= settings_.queue) return connection.reject();
    waiting_.push_back(&connection);
    counts_.queued.add();
    if (counts_.queued.value() > counts_.queued_max.value()) {
        counts_.queued_max.set(counts_.queued.value());
    }
}

void Backend::leave_queue(Connection& connection) {
    std::erase(waiting_, &connection);
    counts_.queued.subtract();
}

void Backend::serve_waiting() {
    while (!waiting_.empty() && has_slot()) {
        Connection& connection = *waiting_.front();
        waiting_.pop_front();
        counts_.queued.subtract();
        take_slot();
        connection.serve();
    }
}

}  // namespace ringway::loadtest
