#include "shards/control.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace ringway::shards {

Control::Control(const Options& options)
    : config_(options.config),
      io_(options.io),
      fleet_(options.fleet),
      signal_fd_(options.signal_fd),
      logs_(options.logs),
      logger_(options.logs.logger()),
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
    switch (signal) {
        case SIGUSR1:
            logs_.reopen();
            return logger_.info("shards", "SIGUSR1: log files are reopened");
        case SIGHUP:
            return logger_.warning(
                "shards",
                "SIGHUP: this version does not reload; restart it for a new configuration");
    }
    begin_shutdown(signal);
}

void Control::begin_shutdown(int signal) {
    if (state_ != State::running) {
        logger_.warning("shards", "second signal: ending at once");
        logs_.stop();
        _exit(1);
    }
    logger_.info("shards", "SIG{}: no new connections; exchanges may finish", sigabbrev_np(signal));
    state_ = State::shutting_down;
    timers_.arm(deadline_.then<&Control::on_deadline>(),
                io_.clock().now() + config_.shutdown_timeout);
    // Never refused: nothing else was ever posted to these queues.
    CHECK(fleet_.post_to_all(Message::Kind::begin_shutdown));
}

void Control::on_deadline() noexcept {
    logger_.warning("shards", "shutdown.timeout has passed: ending what is left");
    state_ = State::cutting;
    was_cut_ = true;
    CHECK(fleet_.post_to_all(Message::Kind::end_now));
}

void Control::stop_listening_to_signals() {
    io_.cancel(signals_);
    while (signals_.in_flight()) io_.run_once(core::Instant::max(), *this);
}

}  // namespace ringway::shards
