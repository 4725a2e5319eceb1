// One thread's part of a load: its connections, its share of the rate, its loop. It lives in
// phases: connections are made (ramping) until all generators have theirs (waiting); then all ask,
// first unmeasured (warming), then measured; then nobody asks and what is on its way may arrive
// (draining); then everything is closed.
//
//     closed loop   every active connection asks again as soon as it was answered and has rested
//     open loop     requests leave at the instants that Arrivals names, through whichever active
//                   connection has been free for longest; when none is, they wait, and the waiting
//                   is part of their latency (no coordinated omission)
//
// Connections that are not active are held: asked once, as all are then, and idle until the end.
// Made, run and destroyed by one thread; talks to others through LoadStage only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/io.h"
#include "core/prng.h"
#include "core/timer_wheel.h"
#include "loadtest/load/arrivals.h"
#include "loadtest/load/connection.h"
#include "loadtest/load/options.h"
#include "loadtest/load/ready_line.h"
#include "loadtest/load/request_mix.h"
#include "loadtest/load/stage.h"

namespace ringway::loadtest {

class LoadGenerator final : private ConnectionEvents, private core::SleepGate {
public:
    struct Options {
        const LoadOptions& load;
        core::Io& io;
        LoadStage& stage;
        std::uint32_t number = 0;       // Of this generator,
        std::uint32_t count = 1;        // of so many.
        std::uint32_t first = 0;        // Of all connections, the first of its own,
        std::uint32_t connections = 1;  // and how many are.
    };
    explicit LoadGenerator(const Options& options);
    ~LoadGenerator();  // REQUIRES: is_finished().

    // One turn of the loop.
    void tick();
    bool is_finished() const { return phase_ == Phase::finished; }

private:
    enum class Phase : std::uint8_t {
        ramping,
        waiting,
        warming,
        measuring,
        draining,
        closing,
        finished,
    };

    static constexpr std::uint32_t connecting_max = 128;
    static constexpr core::Duration look_after = std::chrono::milliseconds(5);
    static constexpr core::Duration publish_after = std::chrono::milliseconds(200);
    static constexpr core::Duration reconnect_after = std::chrono::milliseconds(50);

    // ConnectionEvents
    void on_open(LoadConnection& connection) override;
    void on_ended(LoadConnection& connection, const Ended& ended) override;
    void on_rested(LoadConnection& connection) override;
    void on_closed(LoadConnection& connection) override;
    void on_unreachable(LoadConnection& connection) override;
    // core::SleepGate
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}

    core::Instant next_event() const;
    void advance(core::Instant now);
    void on_look() noexcept;
    void publish();

    void open_more();
    void settle_all();
    void settle(LoadConnection& connection);
    void end_ramp();
    void arrive();
    void begin_asking();
    void run(core::Instant now);
    void measure_if_due(core::Instant now);
    void begin_draining();
    void begin_closing();
    void stop();
    void finish();

    void open(LoadConnection& connection);
    void reuse(LoadConnection& connection);
    core::Duration pause_after(const Ended& ended);
    void make_ready(LoadConnection& connection);
    LoadConnection* take_ready();
    void serve_arrivals(core::Instant now);
    void ask(LoadConnection& connection, core::Instant meant_for);
    void count(const Ended& ended);
    void count_answer(const Ended& ended);

    core::Instant now() const { return options_.io.clock().now(); }
    bool is_open_loop() const { return options_.load.rate > 0; }
    bool is_asking() const { return phase_ == Phase::warming || phase_ == Phase::measuring; }
    bool is_over() const { return phase_ >= Phase::draining; }
    bool is_measured(core::Instant meant_for) const { return meant_for >= begins_; }

    // Set at construction.
    Options options_;
    core::BufferPool buffers_;
    http::FieldTable field_table_;
    FirstBodies first_bodies_;
    core::TimerWheel timers_;
    LoadTally tally_;  // Since it was published last.
    LoadMachine machine_;
    core::Prng prng_;
    Arrivals arrivals_;
    RequestMix mix_;
    std::vector<std::unique_ptr<LoadConnection>> connections_;

    Phase phase_ = Phase::ramping;
    std::uint32_t opened_ = 0;   // Of connections_, those that ramping has begun with.
    std::uint32_t settled_ = 0;  // Of these, those that have been ready.
    std::uint32_t asking_ = 0;   // Requests on their way.
    core::Instant ramp_ends_{};
    core::Instant begins_ = core::Instant::max();  // The measurement.
    core::Instant ends_{};
    core::Duration cpu_before_{0};  // Of this thread, when the measurement began.
    core::TimerOf<LoadGenerator> look_{*this};
    ReadyLine line_;  // Of active connections.
};

}  // namespace ringway::loadtest
