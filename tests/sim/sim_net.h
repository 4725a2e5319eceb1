// A network in memory: sockets, listeners, windows, latency, FIN and RST, as a proxy meets them.
// All hosts of a run share one SimNet; each socket belongs to one NetHost (a SimIo), which is told
// when bytes, room, connections or errors come. A connection is two byte pipes. A pipe's offsets
// only grow, in this order, and say where every byte is:
//
//     read <= arrived <= sent <= written
//     [read, arrived)   in the receiver's kernel: at most receive_window bytes
//     [arrived, sent)   on the wire
//     [sent, written)   in the sender's kernel; [arrived, written) is at most send_window bytes
//
// Used by the one thread of a run; randomness and faults come from that run's SimFaults.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "core/address.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_faults.h"

namespace ringway::sim {

// Whose sockets these are. Descriptors are the host's own numbers.
class NetHost {
public:
    virtual void on_readable(int fd) = 0;
    virtual void on_writable(int fd) = 0;
    virtual void on_connected(int fd, int error) = 0;
    virtual void on_acceptable(int listen_fd) = 0;

protected:
    ~NetHost() = default;
};

// One end of a connection: the connection's index and the side.
struct SocketId {
    std::uint32_t connection = 0;
    std::uint8_t side = 0;
};

class SimNet final : private SimTarget {
public:
    SimNet(SimClock& clock, SimFaults& faults) : clock_(clock), faults_(faults) {}
    SimNet(const SimNet&) = delete;

    SimClock& clock() { return clock_; }
    SimFaults& faults() { return faults_; }
    Trace& trace() { return trace_; }
    // One line of the story, with the time, when it is told.
    template <class... Arguments>
    void tell(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        if (!trace_.tells) return;
        fmt::print("{:12.3f} ms  {}\n",
                   static_cast<double>(clock_.now().time_since_epoch().count()) / 1e6,
                   fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    // Sockets.
    SocketId open(NetHost& host, int fd);
    void connect(SocketId id, const core::Address& local, const core::Address& peer);
    // A connect in progress as if it had been answered at this moment: 0, or an errno.
    int connect_now(SocketId id);
    void close(SocketId id);
    void shutdown(SocketId id);
    void shutdown_send(SocketId id);
    const core::Address& peer_of(SocketId id) const { return socket(id).peer; }
    bool is_connected(SocketId id) const { return socket(id).state == State::connected; }

    // Bytes.
    std::size_t available(SocketId id) const;
    // Whether a receive would end without bytes: end of stream or an error.
    bool at_end(SocketId id) const;
    // The errno such a receive (or a send) ends with, 0 for an orderly end; an error is told once.
    int take_receive_error(SocketId id);
    int take_send_error(SocketId id);
    std::size_t read(SocketId id, std::span<std::byte> space);
    std::size_t write(SocketId id, std::span<const std::byte> bytes);
    // Less than a segment of it stays here until the end is written or more comes.
    std::size_t write_last(SocketId id, std::span<const std::byte> bytes);
    bool has_room(SocketId id) const;
    std::size_t unacknowledged(SocketId id) const;
    std::uint64_t acknowledged(SocketId id) const;
    // Bytes on the wire to this socket arrive at once.
    void hurry(SocketId id);
    // Cuts the connection, as a peer that crashed: both ends see a reset.
    void reset(SocketId id);

    // Listeners. Several may share an address: each connection goes to one of them.
    void listen(NetHost& host, int fd, const core::Address& address);
    void close_listener(const NetHost& host, int fd);
    // Whoever connects there is refused until told otherwise.
    void set_refusing(const core::Address& address, bool refusing);
    bool has_queued(const NetHost& host, int fd) const;
    // REQUIRES: has_queued.
    SocketId accept(NetHost& host, int listen_fd, int fd);

    std::size_t open_sockets() const { return open_sockets_; }

private:
    enum class State : std::uint8_t { closed, idle, connecting, queued, connected };
    enum class Kind : std::uint8_t { syn, answer, arrival, end, reset };

    struct Pipe {
        std::vector<std::byte> bytes;  // Those at offsets [base, written).
        std::uint64_t base = 0;
        std::uint64_t read = 0;
        std::uint64_t arrived = 0;
        std::uint64_t sent = 0;
        std::uint64_t written = 0;
        std::uint64_t held = 0;  // Of what was written: not to be sent before the end.
        std::uint64_t receive_window = 0;
        std::uint64_t send_window = 0;
        core::Instant last_arrival{};
        bool end_written = false;
        bool end_sent = false;
        bool end_arrived = false;
    };
    struct Socket {
        NetHost* host = nullptr;
        int fd = -1;
        State state = State::closed;
        bool was_reset = false;
        bool error_told = false;
        bool shut = false;
        core::Address local{};
        core::Address peer{};
    };
    struct Connection {
        std::uint32_t generation = 0;
        Socket sockets[2];
        Pipe pipes[2];               // [side] holds the bytes that side wrote.
        std::uint64_t reset_at = 0;  // In bytes arrived, both ways; 0: never.
        std::uint64_t arrived_total = 0;
        core::Duration latency{};
        bool is_cut = false;  // Nothing gets through any more.
    };
    struct Listener {
        core::Address address;
        NetHost* host;
        int fd;
        std::deque<std::uint32_t> queue;  // Connections not yet accepted.
    };

    void on_event(const SimEvent& event) noexcept override;
    void on_syn(std::uint32_t index);
    void on_answer(std::uint32_t index, int error);
    void on_arrival(SocketId writer, std::uint64_t upto);
    void on_end(SocketId writer);
    void on_reset(SocketId id);

    void plan(Kind kind, SocketId id, core::Duration delay, std::uint64_t argument = 0);
    core::Duration draw_delay(const Connection& connection);
    void establish(std::uint32_t index, Listener& listener);
    Listener* draw_listener(const core::Address& address);
    Listener* find_listener(const NetHost& host, int fd);
    std::size_t append(Pipe& pipe, std::span<const std::byte> bytes);
    void pump(SocketId writer);
    void compact(Pipe& pipe);
    void wake_reader(SocketId id);
    void wake_writer(SocketId id);
    void release_if_closed(std::uint32_t index);

    Socket& socket(SocketId id) { return connections_[id.connection].sockets[id.side]; }
    const Socket& socket(SocketId id) const { return connections_[id.connection].sockets[id.side]; }
    Pipe& inbound(SocketId id) { return connections_[id.connection].pipes[1 - id.side]; }
    const Pipe& inbound(SocketId id) const {
        return connections_[id.connection].pipes[1 - id.side];
    }
    Pipe& outbound(SocketId id) { return connections_[id.connection].pipes[id.side]; }
    const Pipe& outbound(SocketId id) const { return connections_[id.connection].pipes[id.side]; }
    static SocketId other(SocketId id) {
        return {id.connection, static_cast<std::uint8_t>(1 - id.side)};
    }

    SimClock& clock_;
    SimFaults& faults_;
    Trace trace_;
    // A deque, so that a socket does not move when a host opens another while being told.
    std::deque<Connection> connections_;
    std::vector<std::uint32_t> free_connections_;
    std::deque<Listener> listeners_;
    std::vector<core::Address> refusing_;
    std::size_t open_sockets_ = 0;
};

// A copy as the kernel makes it: memory lent to it is poisoned for everybody else under ASan.
void kernel_copy(std::byte* to, const std::byte* from, std::size_t count);

}  // namespace ringway::sim
