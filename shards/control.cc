#include "shards/control.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace ringway::shards {

namespace {

void say(std::string_view text) {
    fmt::print(stderr, "ringway: {}\n", text);
}

}  // namespace

Control::Control(const Options& options)
    : config_(options.config),
      io_(options.io),
      fleet_(options.fleet),
      signal_fd_(options.signal_fd),
      timers_(options.io.clock().now()) {}

Control::~Control() {
    timers_.disarm(deadline_);
}

int Control::run() {
    arm_signals();
    while (state_ != State::finished) {
        io_.run_once(timers_.next_deadline(), *this);
        timers_.advance(io_.clock().now());
        if (fleet_.take_reports() == fleet_.shard_count()) state_ = State::finished;
    }
    timers_.disarm(deadline_);
    stop_listening_to_signals();
    return was_cut_ ? 1 : 0;
}

void Control::arm_signals() {
    io_.poll(signals_.then<&Control::on_signal_ready>(), signal_fd_, POLLIN);
}

void Control::on_signal_ready(core::Outcome outcome) noexcept {
    if (state_ == State::finished) return;
    signalfd_siginfo info{};
    if (outcome.result > 0 && ::read(signal_fd_, &info, sizeof info) == sizeof info) {
        take_signal(static_cast<int>(info.ssi_signo));
    }
    arm_signals();
}

void Control::take_signal(int signal) {
    if (signal == SIGHUP) {
        return say("SIGHUP: this version does not reload; restart it for a new configuration");
    }
    if (state_ != State::running) {
        say("second signal: ending at once");
        _exit(1);
    }
    say(fmt::format("SIG{}: no new connections; exchanges may finish", sigabbrev_np(signal)));
    state_ = State::shutting_down;
    timers_.arm(deadline_.then<&Control::on_deadline>(),
                io_.clock().now() + config_.shutdown_timeout);
    // Never refused: nothing else was ever posted to these queues.
    CHECK(fleet_.post_to_all(Message::Kind::begin_shutdown));
}

void Control::on_deadline() noexcept {
    say("shutdown_timeout has passed: ending what is left");
    state_ = State::cutting;
    was_cut_ = true;
    CHECK(fleet_.post_to_all(Message::Kind::end_now));
}

void Control::stop_listening_to_signals() {
    io_.cancel(signals_);
    while (signals_.in_flight()) io_.run_once(core::Instant::max(), *this);
}

}  // namespace ringway::shards
