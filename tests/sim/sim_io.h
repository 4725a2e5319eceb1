// The engine of a simulated host: core::Io over a SimNet, keeping io.h's promises in the least
// convenient way they allow. What it imitates of the kernel, besides sockets:
//
//  - what is started waits in a submission queue until `run_once`, so a `shutdown` in the same
//    tick overtakes a send; a tick may submit only a part of it;
//  - outcomes wait in a completion queue; a tick may deliver only a part, in any order, late;
//  - a cancel may come late, do nothing for seconds, or find that its victim succeeded first;
//  - a descriptor is free for reuse when the close takes effect, before its outcome is delivered,
//    and the number freed last is given out first;
//  - a receive takes its buffer when it has bytes to put there, and ends with -ENOBUFS when the
//    pool is dry or pretends to be; one that stands may end with any outcome.
//
// It CHECKs what the caller must not do: two sends or receives at once, a close with anything in
// flight, anything on a closed descriptor. `run_once` notes until when it would sleep, for all
// hosts share a thread and a SimNet; the driver (sim_world.h) asks. One SimIo per host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/buffer_pool.h"
#include "core/io.h"
#include "tests/sim/sim_net.h"

namespace ringway::sim {

// Sees the connects of one SimIo as it makes them and as they are told their outcome.
class SimConnectWatch {
public:
    virtual void on_connect_began(int fd, const core::Address& peer) = 0;
    virtual void on_connect_ended(int fd, const core::Address& peer, int result) = 0;

protected:
    ~SimConnectWatch() = default;
};

class SimIo final : public core::Io, private NetHost, private SimTarget, private core::Waker {
public:
    struct Options {
        core::Address host;  // Where connections from here come from; the port counts up.
        core::BufferPool::Options client_pool{.count = 256, .bytes_each = 8'192, .front_room = 512};
        core::BufferPool::Options upstream_pool = client_pool;
        core::BufferPool::Options bulk_pool{.count = 4, .bytes_each = 65'536, .front_room = 512};
        std::size_t descriptors_max = 4'096;
    };
    SimIo(SimNet& net, const Options& options);
    ~SimIo() override;  // REQUIRES: in_flight() == 0.

    core::Result<int> open_socket(const core::Address& peer) override;
    core::Result<core::Address> peer_address(int fd) override;
    void shutdown(int fd) noexcept override;
    void reset(int fd) noexcept override;
    void shutdown_send(int fd) noexcept override;
    std::size_t unacknowledged(int fd) noexcept override;
    std::optional<std::uint64_t> acknowledged(int fd) noexcept override;

    void accept(core::Completion& completion, int listen_fd) override;
    void connect(core::Completion& completion, int fd, const core::Address& peer) override;
    void receive(core::Completion& completion, int fd, core::Pool pool) override;
    void receive_standing(core::Completion& completion, int fd, core::Pool pool) override;
    void receive_into(core::Completion& completion, int fd, std::span<std::byte> space) override;
    void send(core::Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void send_parts(core::Completion& done, int fd, std::span<const core::Part> parts) override;
    void send_last(core::Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void yield(core::Completion& completion) override;
    void poll(core::Completion& completion, int fd, unsigned events) override;
    void close(core::Completion& completion, int fd) override;
    void cancel(core::Completion& victim) override;

    void run_once(core::Instant until, core::SleepGate& gate) override;
    const core::Clock& clock() const override { return clock_; }
    core::BufferPool& pool(core::Pool pool) override {
        return pool == core::Pool::client ? client_pool_ : upstream_pool_;
    }
    core::BufferPool& bulk_pool() override { return bulk_pool_; }
    core::Waker& waker() override { return *this; }
    std::size_t in_flight() const override { return in_flight_; }

    int listen(const core::Address& address);
    void close_listener(int fd);  // REQUIRES: no accept in flight on it.
    void set_descriptors_max(std::size_t count) { descriptors_max_ = count; }
    void set_watch(SimConnectWatch& watch) { watch_ = &watch; }
    void set_batch_max(std::size_t count) { batch_max_ = count; }  // Outcomes of a tick.

    // For the driver.
    bool is_runnable() const;
    core::Instant sleeps_until() const { return sleeps_until_; }
    std::size_t open_descriptors() const { return open_descriptors_; }
    std::uint64_t delivered_total() const { return delivered_total_; }

private:
    static constexpr std::uint32_t none = 0xffff'ffff;

    enum class Kind : std::uint8_t { accept, connect, receive, send, yield, poll, close };

    struct Operation {
        core::Completion* completion = nullptr;  // Null in a free slot.
        Kind kind = Kind::accept;
        core::Pool pool = core::Pool::client;
        bool ended = false;  // Its last outcome waits for delivery.
        bool submitted = false;
        bool is_last = false;  // A send whose end follows.
        int fd = -1;
        unsigned events = 0;
        std::size_t standing_left = 0;  // Bytes behind which a receive that stands ends.
        std::uint32_t generation = 0;
        std::uint32_t next_poll = none;
        std::span<std::byte> space{};     // Of a receive into its owner's memory.
        std::vector<core::Part> parts{};  // Left of a send.
        std::size_t done = 0;
        core::Address peer{};
    };
    struct Descriptor {
        enum class State : std::uint8_t { free, socket, listener, closing };
        State state = State::free;
        bool is_listener = false;
        SocketId socket{};
        std::uint32_t undelivered = 0;  // Operations on it that their owner still waits for.
        std::uint32_t reader = none;    // Receive or accept in the kernel.
        std::uint32_t writer = none;    // Send or connect in the kernel.
        std::uint32_t polls = none;
        bool receive_pending = false;  // From its start to its delivery; so that a second one,
        bool send_pending = false;     // which would mix up the bytes, is noticed.
    };
    struct Submission {
        std::uint32_t operation;
        std::uint32_t generation;
        bool is_cancel;
    };
    struct Ready {
        std::uint32_t operation;
        core::Outcome outcome;
    };

    // From the network.
    void on_readable(int fd) override;
    void on_writable(int fd) override;
    void on_connected(int fd, int error) override;
    void on_acceptable(int listen_fd) override;
    void on_event(const SimEvent& event) noexcept override;
    void wake() noexcept override { is_woken_ = true; }

    Operation& start(core::Completion& completion, Kind kind, int fd);
    void submit_queued();
    void submit(std::uint32_t index);
    void try_accept(std::uint32_t index);
    void try_receive(std::uint32_t index);
    void try_send(std::uint32_t index);
    void try_polls(int fd);
    void receive_bytes(std::uint32_t index);
    void receive_end(std::uint32_t index);
    void do_close(std::uint32_t index);
    void begin_cancel(std::uint32_t index);
    void do_cancel(std::uint32_t index);
    bool race_cancel(std::uint32_t index);
    void take_batch();
    void hold_what_is_too_soon();
    void reorder_batch();

    // The operation has an outcome; late ones are planned.
    void finish(std::uint32_t index, core::Outcome outcome);
    void deliver(const Ready& ready);
    void detach(std::uint32_t index);

    int take_descriptor(Descriptor::State state);
    void free_descriptor(int fd);
    Descriptor& descriptor(int fd);
    SimFaults& faults() { return net_.faults(); }

    SimNet& net_;
    core::Clock clock_;
    core::Address host_;
    std::string host_text_;
    core::BufferPool client_pool_;
    core::BufferPool upstream_pool_;
    core::BufferPool bulk_pool_;
    std::size_t descriptors_max_;
    SimConnectWatch* watch_ = nullptr;
    std::uint16_t last_port_ = 1'024;
    std::vector<Descriptor> descriptors_;
    std::vector<int> free_descriptors_;  // The one freed last comes first.
    std::size_t open_descriptors_ = 0;
    std::vector<Operation> operations_;
    std::vector<std::uint32_t> free_operations_;
    std::vector<Submission> submissions_;
    std::vector<Ready> ready_;
    std::vector<Ready> batch_;
    std::size_t batch_max_ = SIZE_MAX;
    std::vector<Ready> late_;  // By operation: an outcome that waits for its instant.
    std::size_t in_flight_ = 0;
    std::uint64_t delivered_total_ = 0;
    core::Instant sleeps_until_{};
    bool is_asleep_ = false;
    bool is_woken_ = false;
};

}  // namespace ringway::sim
