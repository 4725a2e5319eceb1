// One connection of the load: it connects, asks, reads the answer, holds it against what was
// expected, and can be asked again, or opened again once it is closed. Which request, and when, is
// the generator's business; it hears from here through ConnectionEvents, always from the loop.
//
//     closed -> connecting -> [upgrading] -> ready <-> asking -> closing -> closed
//
// With a handshake it speaks WebSocket: each request is a message, and its answer the same one.
// `ask` on a closed connection opens it first: a connection per request. Exactly one on_ended
// follows each ask, unless begin_close gives it up; and exactly one on_closed each open.
// Owned by a LoadGenerator; its thread. REQUIRES: closed when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/address.h"
#include "core/stream.h"
#include "core/timer_wheel.h"
#include "http/body_framing.h"
#include "http/h1_parser.h"
#include "loadtest/load/answer_check.h"
#include "loadtest/load/request.h"
#include "loadtest/load/tally.h"
#include "loadtest/load/websocket.h"

namespace ringway::loadtest {

class LoadConnection;

// What became of a request.
struct Ended {
    const LoadRequest& request;
    core::Instant meant_for;
    std::optional<Mistake> mistake = {};
    std::optional<std::uint32_t> backend = {};  // What X-Backend said.
};

class ConnectionEvents {
public:
    virtual void on_open(LoadConnection& connection) = 0;
    // The connection is ready for the next, or closing.
    virtual void on_ended(LoadConnection& connection, const Ended& ended) = 0;
    // A pause that was asked for is over.
    virtual void on_rested(LoadConnection& connection) = 0;
    virtual void on_closed(LoadConnection& connection) = 0;

protected:
    ~ConnectionEvents() = default;
};

// What all connections of a generator share.
struct LoadMachine {
    core::Io& io;
    core::TimerWheel& timers;
    core::BufferPool& buffers;
    http::FieldTable& field_table;
    LoadTally& tally;
    FirstBodies& first_bodies;
    core::Address target;
    core::Duration timeout;
    bool closes;                 // A connection per request.
    std::string_view handshake;  // To WebSocket; empty: HTTP is spoken.
};

class LoadConnection final : private core::StreamEvents {
public:
    enum class State : std::uint8_t { closed, connecting, upgrading, ready, asking, closing };

    LoadConnection(LoadMachine& machine, ConnectionEvents& events);
    ~LoadConnection() = default;

    // REQUIRES: closed. False, and counted, when there is no socket for it.
    bool open();
    // REQUIRES: ready, or closed.
    void ask(const LoadRequest& request, core::Instant meant_for);
    // on_rested in a while. REQUIRES: ready or closed.
    void rest(core::Duration pause);
    void begin_close();

    State state() const { return state_; }
    bool is_ready() const { return state_ == State::ready; }

    // The last attempt to open it came to a connection.
    bool was_open() const { return was_open_; }
    // The request on its way, and when it was meant for. Nobody when there is none.
    const LoadRequest* request() const { return request_; }
    core::Instant meant_for() const { return meant_for_; }

    // The generator's own notes on it.
    struct Notes {
        bool is_held = false;
        bool is_settled = false;  // It has been ready once.
        bool is_listed = false;   // Among those that wait to be asked.
        core::Duration pause{0};  // Before it is used again.
        LoadConnection* next = nullptr;
    };
    Notes notes;

private:
    // core::StreamEvents
    void on_connected() override;
    void on_bytes(core::Buffer bytes) override;
    void on_stream_failed(const core::Error& error) override;
    void on_drained() override;
    void on_closed() override;
    void on_released(int fd, core::Buffer bytes) override;

    void send_request();
    void send_body();
    void send_drop();
    void receive();
    void on_pace() noexcept;
    bool take_head(std::span<std::byte>& bytes);
    void on_head(const http::ResponseHead& head);
    void take_body(std::span<std::byte> bytes);
    void send(std::span<const std::byte> bytes);
    void become_ready();
    void on_handshake_bytes(std::span<std::byte> bytes);
    void take_frames(std::span<const std::byte> bytes);
    bool take_frame(std::span<const std::byte>& bytes);
    void finish();
    void fail(Mistake mistake);
    void tell(std::optional<Mistake> mistake);
    void arm(core::Duration time);
    void on_time() noexcept;

    // Set at construction.
    LoadMachine& machine_;
    ConnectionEvents& events_;

    State state_ = State::closed;
    bool was_open_ = false;
    std::optional<core::Stream> stream_;
    core::TimerOf<LoadConnection> timer_{*this};
    core::TimerOf<LoadConnection> pace_{*this};  // Of a slow client's next step.

    // While a request is on its way.
    const LoadRequest* request_ = nullptr;
    core::Instant meant_for_{};
    std::uint64_t body_left_ = 0;   // Of the request's, to be sent.
    std::size_t head_dripped_ = 0;  // Of the request's head, where it drips.
    bool is_sent_ = false;
    bool has_head_ = false;
    bool keeps_alive_ = false;
    std::optional<std::uint32_t> backend_;
    http::BodyReader reader_;
    AnswerCheck check_;
    std::string partial_;                  // A head that has not come whole.
    std::unique_ptr<FrameReader> frames_;  // Where WebSocket is spoken.
};

}  // namespace ringway::loadtest
