// The other end of a connection in a simulated network, as a test plays it: it sends exactly the
// bytes it is told to, keeps all it receives, and ends, resets or stops reading on demand. A
// RawHost is a machine full of such peers: it connects them and accepts them. Nothing here knows
// HTTP. Everything happens in the one thread of the test, in simulated time.
// `RawHost::finish` must have run before it is destroyed; the fixtures do that.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_world.h"

namespace ringway::tests {

class SimPeer final {
public:
    explicit SimPeer(sim::SimIo& io) : io_(io) {}

    void connect(const core::Address& peer);
    void adopt(int fd);
    void send(std::string_view bytes);
    // FIN once everything was sent.
    void end();
    // RST, as a machine that lost power and was asked again.
    void reset();
    // No more: what it has not read is lost, as with close(2).
    void close();
    void stop_reading() { is_reading_ = false; }
    void read_on();

    bool is_connected() const { return state_ == State::open; }
    bool has_ended() const { return has_ended_; }
    // An errno that a receive or connect ended with, or 0.
    int error() const { return error_; }
    bool is_over() const { return has_ended_ || error_ != 0; }
    bool has_sent_all() const { return unsent_.empty() && !send_.in_flight(); }
    bool is_closed() const { return state_ == State::closed; }

    std::string received;

private:
    enum class State : std::uint8_t { unused, connecting, open, closing, closed };

    void on_connected(core::Outcome outcome) noexcept;
    void on_received(core::Outcome outcome) noexcept;
    void on_sent(core::Outcome outcome) noexcept;
    void on_closed(core::Outcome) noexcept { state_ = State::closed; }
    void pump();
    void join_close();

    sim::SimIo& io_;
    State state_ = State::unused;
    int fd_ = -1;
    int error_ = 0;
    bool is_reading_ = true;
    bool has_ended_ = false;
    bool is_ending_ = false;
    bool is_broken_ = false;  // For sending.
    std::string unsent_;
    std::string sending_;
    std::array<std::byte, 4'096> space_{};
    core::Op<SimPeer> send_{*this};  // Also connect and close.
    core::Op<SimPeer> receive_{*this};
};

class RawHost final : public sim::SimHost, private core::SleepGate {
public:
    RawHost(sim::SimNet& net, std::string_view address)
        : io_(net, {.host = core::Address::parse(address).value()}) {}

    sim::SimIo& io() override { return io_; }
    void tick() override { io_.run_once(core::Instant::max(), *this); }

    void listen(const core::Address& address);
    void stop_listening();
    SimPeer& connect(const core::Address& address);

    // In the order in which they came: accepted and connected ones.
    std::vector<std::unique_ptr<SimPeer>> peers;

    // Closes whatever is left. True when nothing is open or in flight any more.
    bool finish();

private:
    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void on_accepted(core::Outcome outcome) noexcept;

    sim::SimIo io_;
    int listen_fd_ = -1;
    bool is_stopping_ = false;
    core::Op<RawHost> accept_{*this};
};

}  // namespace ringway::tests
