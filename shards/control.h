// The control thread: signals in, orders to the shards out. SIGTERM and SIGINT let the exchanges
// under way finish within `shutdown.timeout`; a second one ends the process at once. SIGUSR1 begins
// new log files.
// Lives on the thread that called `run`.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "core/io.h"
#include "core/timer_wheel.h"
#include "shards/fleet.h"
#include "shards/logs.h"

namespace ringway::shards {

class Control final : private core::SleepGate {
public:
    enum class State : std::uint8_t { running, shutting_down, cutting, finished };

    // REQUIRES: the signals are blocked in every thread and readable from `signal_fd`.
    struct Options {
        const config::Config& config;
        core::Io& io;
        Fleet& fleet;
        int signal_fd;
        Logs& logs;
    };
    explicit Control(const Options& options);
    ~Control();

    // Until every shard has finished. The exit code.
    int run();

private:
    bool may_sleep() noexcept override { return fleet_.control_mailbox().may_sleep(); }
    void on_awake() noexcept override { fleet_.control_mailbox().on_awake(); }

    void arm_signals();
    void on_signal_ready(core::Outcome outcome) noexcept;
    void take_signal(int signal);
    void begin_shutdown(int signal);
    void on_deadline() noexcept;
    void stop_listening_to_signals();

    const config::Config& config_;
    core::Io& io_;
    Fleet& fleet_;
    int signal_fd_;
    Logs& logs_;
    core::Logger& logger_;
    State state_ = State::running;
    bool was_cut_ = false;
    core::TimerWheel timers_;
    core::Op<Control> signals_{*this};
    core::TimerOf<Control> deadline_{*this};
};

}  // namespace ringway::shards
