// A process of mock backends: the loop around some Backends, the control port and the signals. All
// of ringway-origin is one of these; with --processes the first process has the control port and
// no backends, and every other one backend and no control port.
// One thread, which makes it, runs it and destroys it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/io.h"
#include "core/timer_wheel.h"
#include "loadtest/origin/backend.h"
#include "loadtest/origin/control.h"
#include "loadtest/origin/report.h"

namespace ringway::loadtest {

// Hears of the signals that are not the loop's own.
class SignalEvents {
public:
    virtual void on_report_wanted() = 0;  // SIGUSR1
    virtual void on_child_ended() = 0;    // SIGCHLD

protected:
    ~SignalEvents() = default;
};

// Blocks the signals that an Origin reads and returns the descriptor it reads them from. Before
// any thread or process is made.
int open_signals();

class Origin final : private core::SleepGate {
public:
    struct Options {
        core::Io& io;
        core::Io& backend_io;  // The same, or a tap before it that the control port passes by.
        Board& board;
        SignalEvents& signals;
        int signal_fd;
        std::uint64_t seed = 1;
        std::uint32_t connections_max = 16'384;  // Of each backend.
        // Others write the board: look now and then whether they did.
        bool is_board_shared = false;
    };
    explicit Origin(const Options& options);
    ~Origin();

    void add_backend(std::uint32_t number, int listen_fd, const core::Address& address);
    void add_control(int listen_fd, ControlRoutes& routes);
    // Until SIGTERM or SIGINT, and until all that was open is closed.
    void run();
    // As if by a signal.
    void stop();

private:
    enum class State : std::uint8_t { running, closing };

    static constexpr core::Duration look_after = std::chrono::milliseconds(10);

    // core::SleepGate
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}

    void tick();
    void refresh();
    void begin_close();
    bool is_finished() const;
    void await_signal();
    void on_signal(core::Outcome outcome) noexcept;
    void on_look() noexcept;

    // Set at construction.
    Options options_;
    core::BufferPool small_buffers_;
    core::BufferPool large_buffers_;
    http::FieldTable field_table_;
    core::TimerWheel timers_;
    Machine machine_;

    State state_ = State::running;
    std::uint32_t generation_seen_;
    core::Op<Origin> signal_{*this};
    core::TimerOf<Origin> look_{*this};
    std::vector<std::unique_ptr<Backend>> backends_;
    std::unique_ptr<Control> control_;

    // What a Control is told of; it counts for itself.
    http::Settings control_settings_;
    http::Counters control_counters_;
};

}  // namespace ringway::loadtest
