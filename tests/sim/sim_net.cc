#include "tests/sim/sim_net.h"

#include <cerrno>
#include <cstring>

#include "core/poison.h"

namespace ringway::sim {

namespace {

constexpr std::size_t segment_bytes_max = 16'384;
constexpr std::size_t backlog_max = 256;
constexpr core::Duration syn_retry = std::chrono::seconds(1);

core::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

}  // namespace

#ifdef RINGWAY_ASAN
#ifdef __clang__
// A fuzzer would count every byte of it.
__attribute__((no_sanitize("coverage")))
#endif
__attribute__((no_sanitize("address"))) void
kernel_copy(std::byte* to, const std::byte* from, std::size_t count) {
    volatile std::byte* target = to;
    for (std::size_t i = 0; i < count; i++) target[i] = from[i];
}
#else
void kernel_copy(std::byte* to, const std::byte* from, std::size_t count) {
    if (count != 0) std::memcpy(to, from, count);
}
#endif

SocketId SimNet::open(NetHost& host, int fd) {
    std::uint32_t index;
    if (free_connections_.empty()) {
        index = static_cast<std::uint32_t>(connections_.size());
        connections_.emplace_back();
    } else {
        index = free_connections_.back();
        free_connections_.pop_back();
    }
    Connection& connection = connections_[index];
    connection.latency = microseconds(faults_.between(5, 200));
    connection.reset_at = 0;
    connection.arrived_total = 0;
    connection.is_cut = false;
    for (Pipe& pipe : connection.pipes) {
        std::vector<std::byte> bytes = std::move(pipe.bytes);
        bytes.clear();
        pipe = Pipe{};
        pipe.bytes = std::move(bytes);
        const bool small = faults_.strikes(Fault::small_window);
        pipe.receive_window = small ? faults_.between(64, 2'048) : 65'536;
        pipe.send_window = small ? faults_.between(64, 2'048) : 65'536;
    }
    connection.sockets[0] = Socket{.host = &host, .fd = fd, .state = State::idle};
    connection.sockets[1] = Socket{};
    open_sockets_++;
    return {index, 0};
}

void SimNet::plan(Kind kind, SocketId id, core::Duration delay, std::uint64_t argument) {
    clock_.after(delay, {.target = this,
                         .kind = static_cast<std::uint8_t>(kind),
                         .side = id.side,
                         .index = id.connection,
                         .generation = connections_[id.connection].generation,
                         .argument = argument});
}

core::Duration SimNet::draw_delay(const Connection& connection) {
    if (faults_.strikes(Fault::latency_spike)) return microseconds(faults_.between(1'000, 200'000));
    return connection.latency + microseconds(faults_.between(0, 20));
}

void SimNet::on_event(const SimEvent& event) noexcept {
    if (connections_[event.index].generation != event.generation) return;
    const SocketId id{event.index, event.side};
    const Kind kind = static_cast<Kind>(event.kind);
    trace_.add(static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()));
    trace_.add(std::uint64_t{event.index} << 32 | std::uint64_t{event.side} << 8 | event.kind);
    trace_.add(event.argument);
    switch (kind) {
        case Kind::syn:
            return on_syn(event.index);
        case Kind::answer:
            return on_answer(event.index, static_cast<int>(event.argument));
        case Kind::arrival:
            return on_arrival(id, event.argument);
        case Kind::end:
            return on_end(id);
        case Kind::reset:
            return on_reset(id);
    }
}

// ---------------------------------------------------------------- connecting

void SimNet::connect(SocketId id, const core::Address& local, const core::Address& peer) {
    Socket& socket = this->socket(id);
    CHECK(socket.state == State::idle && id.side == 0);
    socket.state = State::connecting;
    socket.local = local;
    socket.peer = peer;
    if (faults_.strikes(Fault::connect_hung)) {
        plan(Kind::answer, id, std::chrono::seconds(127), ETIMEDOUT);
    } else if (faults_.strikes(Fault::connect_refused)) {
        plan(Kind::answer, id, draw_delay(connections_[id.connection]), ECONNREFUSED);
    } else {
        plan(Kind::syn, id, draw_delay(connections_[id.connection]));
    }
}

SimNet::Listener* SimNet::draw_listener(const core::Address& address) {
    for (const core::Address& refusing : refusing_) {
        if (refusing == address) return nullptr;
    }
    std::uint64_t members = 0;
    for (const Listener& listener : listeners_) members += listener.address == address ? 1 : 0;
    if (members == 0) return nullptr;
    std::uint64_t drawn = faults_.prng().uniform(members);
    for (Listener& listener : listeners_) {
        if (listener.address == address && drawn-- == 0) return &listener;
    }
    return nullptr;
}

void SimNet::on_syn(std::uint32_t index) {
    Connection& connection = connections_[index];
    if (connection.sockets[0].state != State::connecting) return;
    const SocketId client{index, 0};
    Listener* listener = draw_listener(connection.sockets[0].peer);
    if (listener == nullptr) {
        return plan(Kind::answer, client, draw_delay(connection), ECONNREFUSED);
    }
    if (listener->queue.size() >= backlog_max || faults_.strikes(Fault::backlog_full)) {
        return plan(Kind::syn, client, syn_retry);
    }
    establish(index, *listener);
    plan(Kind::answer, client, draw_delay(connection));
}

void SimNet::establish(std::uint32_t index, Listener& listener) {
    Connection& connection = connections_[index];
    Socket& server = connection.sockets[1];
    server.state = State::queued;
    server.local = connection.sockets[0].peer;
    server.peer = connection.sockets[0].local;
    if (faults_.draws(Fault::connection_reset)) connection.reset_at = faults_.skewed(4'096);
    listener.queue.push_back(index);
    listener.host->on_acceptable(listener.fd);
}

void SimNet::on_answer(std::uint32_t index, int error) {
    Socket& client = connections_[index].sockets[0];
    if (client.state != State::connecting) return;
    client.state = error == 0 ? State::connected : State::idle;
    client.host->on_connected(client.fd, error);
}

int SimNet::connect_now(SocketId id) {
    Socket& client = socket(id);
    if (client.state != State::connecting) return ENOTCONN;
    if (connections_[id.connection].sockets[1].state == State::closed) {
        Listener* listener = draw_listener(client.peer);
        if (listener == nullptr) return ECONNREFUSED;
        establish(id.connection, *listener);
    }
    client.state = State::connected;
    return 0;
}

void SimNet::listen(NetHost& host, int fd, const core::Address& address) {
    listeners_.push_back({address, &host, fd, {}});
}

SimNet::Listener* SimNet::find_listener(const NetHost& host, int fd) {
    for (Listener& listener : listeners_) {
        if (listener.host == &host && listener.fd == fd) return &listener;
    }
    return nullptr;
}

void SimNet::close_listener(const NetHost& host, int fd) {
    Listener* listener = find_listener(host, fd);
    CHECK(listener != nullptr);
    for (const std::uint32_t index : listener->queue) {
        connections_[index].sockets[1].state = State::closed;
        plan(Kind::reset, {index, 0}, draw_delay(connections_[index]));
        release_if_closed(index);
    }
    std::erase_if(listeners_, [&](const Listener& listening) { return &listening == listener; });
}

void SimNet::set_refusing(const core::Address& address, bool refusing) {
    std::erase(refusing_, address);
    if (refusing) refusing_.push_back(address);
}

bool SimNet::has_queued(const NetHost& host, int fd) const {
    for (const Listener& listener : listeners_) {
        if (listener.host == &host && listener.fd == fd) return !listener.queue.empty();
    }
    return false;
}

SocketId SimNet::accept(NetHost& host, int listen_fd, int fd) {
    Listener* listener = find_listener(host, listen_fd);
    CHECK(listener != nullptr && !listener->queue.empty());
    const SocketId id{listener->queue.front(), 1};
    listener->queue.pop_front();
    Socket& server = socket(id);
    server.host = &host;
    server.fd = fd;
    server.state = State::connected;
    open_sockets_++;
    return id;
}

// ---------------------------------------------------------------- bytes

std::size_t SimNet::available(SocketId id) const {
    const Pipe& pipe = inbound(id);
    return static_cast<std::size_t>(pipe.arrived - pipe.read);
}

bool SimNet::at_end(SocketId id) const {
    const Socket& socket = this->socket(id);
    return available(id) == 0 && (socket.was_reset || socket.shut || inbound(id).end_arrived);
}

int SimNet::take_receive_error(SocketId id) {
    Socket& socket = this->socket(id);
    if (!socket.was_reset || socket.error_told) return 0;
    socket.error_told = true;
    return ECONNRESET;
}

int SimNet::take_send_error(SocketId id) {
    if (const int error = take_receive_error(id); error != 0) return error;
    return socket(id).was_reset || outbound(id).end_written ? EPIPE : 0;
}

std::size_t SimNet::read(SocketId id, std::span<std::byte> space) {
    Pipe& pipe = inbound(id);
    const std::size_t count = std::min(space.size(), available(id));
    kernel_copy(space.data(), pipe.bytes.data() + (pipe.read - pipe.base), count);
    pipe.read += count;
    compact(pipe);
    pump(other(id));
    return count;
}

void SimNet::compact(Pipe& pipe) {
    if (pipe.read == pipe.written) {
        pipe.bytes.clear();
        pipe.base = pipe.read;
    } else if (pipe.read - pipe.base >= segment_bytes_max) {
        pipe.bytes.erase(pipe.bytes.begin(),
                         pipe.bytes.begin() + static_cast<std::ptrdiff_t>(pipe.read - pipe.base));
        pipe.base = pipe.read;
    }
}

bool SimNet::has_room(SocketId id) const {
    const Pipe& pipe = outbound(id);
    return pipe.written - pipe.arrived < pipe.send_window;
}

std::size_t SimNet::write(SocketId id, std::span<const std::byte> bytes) {
    if (!has_room(id)) return 0;
    Pipe& pipe = outbound(id);
    pipe.held = 0;
    const std::size_t count = append(pipe, bytes);
    pump(id);
    return count;
}

std::size_t SimNet::write_last(SocketId id, std::span<const std::byte> bytes) {
    if (!has_room(id)) return 0;
    Pipe& pipe = outbound(id);
    const std::size_t count = append(pipe, bytes);
    // A full send buffer is sent: what is held would wait for room, and the room for it.
    pipe.held = count < bytes.size() ? 0 : count % segment_bytes_max;
    if (pipe.held > 0) faults_.count(Fault::send_held);
    pump(id);
    return count;
}

// As much as there is room for.
std::size_t SimNet::append(Pipe& pipe, std::span<const std::byte> bytes) {
    const std::uint64_t room = pipe.send_window - (pipe.written - pipe.arrived);
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
    const std::size_t old_size = pipe.bytes.size();
    pipe.bytes.resize(old_size + count);
    kernel_copy(pipe.bytes.data() + old_size, bytes.data(), count);
    pipe.written += count;
    return count;
}

std::size_t SimNet::unacknowledged(SocketId id) const {
    const Pipe& pipe = outbound(id);
    return static_cast<std::size_t>(pipe.written - pipe.arrived);
}

std::uint64_t SimNet::acknowledged(SocketId id) const {
    return outbound(id).arrived;
}

// Puts on the wire what the receiver's window takes, and the end behind the last byte.
void SimNet::pump(SocketId writer) {
    const Connection& connection = connections_[writer.connection];
    Pipe& pipe = outbound(writer);
    const std::uint64_t upto = pipe.end_written ? pipe.written : pipe.written - pipe.held;
    while (pipe.sent < upto && pipe.sent - pipe.read < pipe.receive_window) {
        std::uint64_t count =
            std::min({upto - pipe.sent, pipe.receive_window - (pipe.sent - pipe.read),
                      std::uint64_t{segment_bytes_max}});
        if (faults_.strikes(Fault::segment_split)) count = faults_.between(1, count);
        pipe.sent += count;
        // TCP keeps the order: what is late makes late what follows.
        pipe.last_arrival = std::max(pipe.last_arrival, clock_.now() + draw_delay(connection));
        plan(Kind::arrival, writer, pipe.last_arrival - clock_.now(), pipe.sent);
    }
    if (pipe.end_written && !pipe.end_sent && pipe.sent == pipe.written) {
        pipe.end_sent = true;
        pipe.last_arrival = std::max(pipe.last_arrival, clock_.now() + draw_delay(connection));
        plan(Kind::end, writer, pipe.last_arrival - clock_.now());
    }
}

void SimNet::on_arrival(SocketId writer, std::uint64_t upto) {
    Connection& connection = connections_[writer.connection];
    const SocketId reader = other(writer);
    Pipe& pipe = outbound(writer);
    if (socket(reader).state == State::closed) {
        // Bytes for somebody who closed are answered with a reset.
        return plan(Kind::reset, writer, draw_delay(connection));
    }
    if (upto <= pipe.arrived || upto > pipe.sent || connection.is_cut) return;
    const bool cut = connection.reset_at != 0 &&
                     connection.arrived_total + (upto - pipe.arrived) >= connection.reset_at;
    if (cut) upto = pipe.arrived + (connection.reset_at - connection.arrived_total);
    connection.arrived_total += upto - pipe.arrived;
    pipe.arrived = upto;
    if (cut) {
        faults_.count(Fault::connection_reset);
        reset(writer);
    }
    wake_reader(reader);
    wake_writer(writer);
}

void SimNet::hurry(SocketId id) {
    Pipe& pipe = inbound(id);
    if (pipe.sent > pipe.arrived) on_arrival(other(id), pipe.sent);
}

void SimNet::on_end(SocketId writer) {
    // An end behind bytes that were lost is lost too.
    if (connections_[writer.connection].is_cut) return;
    outbound(writer).end_arrived = true;
    wake_reader(other(writer));
}

// ---------------------------------------------------------------- ending

void SimNet::reset(SocketId id) {
    connections_[id.connection].is_cut = true;
    plan(Kind::reset, id, microseconds(faults_.between(0, 100)));
    plan(Kind::reset, other(id), microseconds(faults_.between(0, 100)));
}

void SimNet::on_reset(SocketId id) {
    Socket& socket = this->socket(id);
    connections_[id.connection].is_cut = true;
    if (socket.state == State::closed || socket.was_reset) return;
    socket.was_reset = true;
    // What is on the wire or unsent is lost; what arrived can still be read.
    for (Pipe& pipe : connections_[id.connection].pipes) {
        pipe.bytes.resize(static_cast<std::size_t>(pipe.arrived - pipe.base));
        pipe.written = pipe.sent = pipe.arrived;
        pipe.held = 0;
    }
    outbound(id).end_sent = true;
    if (socket.state == State::connecting) {
        socket.state = State::idle;
        return socket.host->on_connected(socket.fd, ECONNRESET);
    }
    wake_reader(id);
    wake_writer(id);
}

void SimNet::shutdown(SocketId id) {
    Socket& socket = this->socket(id);
    socket.shut = true;
    if (socket.state == State::connecting) {
        socket.state = State::idle;
        socket.host->on_connected(socket.fd, ECONNABORTED);
    }
    shutdown_send(id);
    wake_reader(id);
}

void SimNet::shutdown_send(SocketId id) {
    outbound(id).end_written = true;
    if (socket(other(id)).state != State::closed) pump(id);
    wake_writer(id);
}

void SimNet::close(SocketId id) {
    Connection& connection = connections_[id.connection];
    Socket& socket = this->socket(id);
    CHECK(socket.state != State::closed && socket.state != State::queued);
    socket.state = State::closed;
    open_sockets_--;
    const bool has_peer = this->socket(other(id)).state != State::closed;
    if (has_peer && !socket.was_reset) {
        if (available(id) != 0) {
            // Closing with unread bytes tells the peer that they were lost.
            plan(Kind::reset, other(id), draw_delay(connection));
        } else {
            outbound(id).end_written = true;
            pump(id);
        }
    }
    release_if_closed(id.connection);
}

void SimNet::release_if_closed(std::uint32_t index) {
    Connection& connection = connections_[index];
    for (const Socket& socket : connection.sockets) {
        if (socket.state != State::closed) return;
    }
    connection.generation++;
    free_connections_.push_back(index);
}

void SimNet::wake_reader(SocketId id) {
    const Socket& socket = this->socket(id);
    if (socket.state == State::connected) socket.host->on_readable(socket.fd);
}

void SimNet::wake_writer(SocketId id) {
    const Socket& socket = this->socket(id);
    if (socket.state == State::connected) socket.host->on_writable(socket.fd);
}

}  // namespace ringway::sim
