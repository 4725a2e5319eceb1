#include "loadtest/origin/origin.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace ringway::loadtest {

int open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

Origin::Origin(const Options& options)
    : options_(options),
      // Memory that is not used is not there, so both are as large as they may be.
      small_buffers_({.count = 65'535, .bytes_each = 4'096}),
      large_buffers_({.count = 16'384, .bytes_each = 65'536}),
      timers_(options.io.clock().now()),
      machine_{.io = options.backend_io,
               .timers = timers_,
               .small_buffers = small_buffers_,
               .large_buffers = large_buffers_,
               .field_table = field_table_,
               .board = options.board},
      generation_seen_(options.board.generation()) {}

Origin::~Origin() {
    CHECK(is_finished());
}

void Origin::add_backend(std::uint32_t number, int listen_fd, const core::Address& address) {
    // Each its own sequence, whatever the others draw.
    std::uint64_t seed = options_.seed + number;
    backends_.push_back(std::make_unique<Backend>(
        machine_, Backend::Options{.number = number,
                                   .address = address,
                                   .seed = core::Prng::splitmix(seed),
                                   .connections_max = options_.connections_max}));
    backends_.back()->start(listen_fd);
}

void Origin::add_control(int listen_fd, ControlRoutes& routes) {
    const http::Context shared{.io = options_.io,
                               .timers = timers_,
                               .settings = control_settings_,
                               .small_buffers = small_buffers_,
                               .large_buffers = large_buffers_,
                               .counters = control_counters_,
                               .field_table = field_table_};
    control_ = std::make_unique<Control>(shared, routes);
    control_->start(listen_fd);
}

// --- The loop -----------------------------------------------------------------------------------

void Origin::run() {
    if (state_ == State::running) await_signal();
    if (state_ == State::running && options_.is_board_shared) on_look();
    while (state_ == State::running || !is_finished()) tick();
}

void Origin::tick() {
    options_.io.run_once(timers_.next_deadline(), *this);
    timers_.advance(options_.io.clock().now());
    if (options_.board.generation() != generation_seen_) refresh();
    while (std::exchange(machine_.slot_was_freed, false)) {
        for (const auto& backend : backends_) backend->serve_waiting();
    }
    options_.io.pool(core::Pool::client).resume_waiters();
}

void Origin::refresh() {
    generation_seen_ = options_.board.generation();
    for (const auto& backend : backends_) backend->refresh();
}

void Origin::on_look() noexcept {
    timers_.arm(look_.then<&Origin::on_look>(), options_.io.clock().now() + look_after);
}

// --- Signals and the end ------------------------------------------------------------------------

void Origin::await_signal() {
    options_.io.poll(signal_.then<&Origin::on_signal>(), options_.signal_fd, POLLIN);
}

void Origin::on_signal(core::Outcome) noexcept {
    if (state_ == State::closing) return;
    signalfd_siginfo info{};
    while (::read(options_.signal_fd, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
            case SIGUSR1:
                options_.signals.on_report_wanted();
                break;
            case SIGCHLD:
                options_.signals.on_child_ended();
                break;
            case SIGTERM:
            case SIGINT:
                return begin_close();
        }
    }
    await_signal();
}

void Origin::stop() {
    begin_close();
}

void Origin::begin_close() {
    state_ = State::closing;
    timers_.disarm(look_);
    for (const auto& backend : backends_) backend->begin_close();
    if (control_ != nullptr) control_->begin_close();
}

bool Origin::is_finished() const {
    if (options_.io.in_flight() > 0) return false;
    if (control_ != nullptr && !control_->is_finished()) return false;
    return std::ranges::all_of(backends_, [](const auto& one) { return one->is_finished(); });
}

}  // namespace ringway::loadtest
