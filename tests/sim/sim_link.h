// A simulated peer's end of a connection: raw Io operations with the peer's own memory, none of
// our Stream's code, so that a mistake there does not hide itself. It sends what it is given in
// order, receives while it is told to, and closes by the same rules as everybody: nothing may be
// in flight. Owned by a simulated client or backend, which hears from it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/completion.h"
#include "tests/sim/sim_io.h"

namespace ringway::sim {

class SimLinkEvents {
public:
    virtual void on_link_open() = 0;  // Only after try_connect.
    virtual void on_link_bytes(std::string_view bytes) = 0;
    virtual void on_link_sent() = 0;  // Everything has left for the kernel.
    // 0: the peer ended its side in order. The owner closes.
    virtual void on_link_ended(int error) = 0;
    virtual void on_link_closed() = 0;  // May be used again.

protected:
    ~SimLinkEvents() = default;
};

class SimLink {
public:
    enum class State : std::uint8_t { unused, connecting, open, closing };

    SimLink(SimIo& io, SimLinkEvents& events) : io_(io), events_(events) {}

    void adopt(int fd);
    bool try_connect(const core::Address& address);
    void send(std::string_view bytes);
    void begin_close();
    void begin_reset();
    // At most this many bytes are received at a time; 0 stops receiving.
    void set_receive_max(std::size_t count);

    State state() const { return state_; }
    int fd() const { return fd_; }
    bool is_open() const { return state_ == State::open; }
    bool has_unsent() const { return !output_.empty(); }

private:
    void on_connected(core::Outcome outcome) noexcept;
    void on_received(core::Outcome outcome) noexcept;
    void on_sent(core::Outcome outcome) noexcept;
    void on_closed(core::Outcome outcome) noexcept;
    void begin_receive();
    void begin_send();
    void join_close();

    SimIo& io_;
    SimLinkEvents& events_;
    State state_ = State::unused;
    int fd_ = -1;
    bool has_ended_ = false;
    std::size_t receive_max_ = 0;
    std::string output_;
    std::string sending_;
    std::array<std::byte, 4'096> space_;
    core::Op<SimLink> receiving_{*this};
    core::Op<SimLink> sending_op_{*this};
};

}  // namespace ringway::sim
