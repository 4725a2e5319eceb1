// One connection of the load: it connects, asks, reads the answer, holds it against what was
// expected, and can be asked again, or opened again once it is closed. Which request, and when, is
// the generator's business; it hears from here through ConnectionEvents, always from the loop.
//
//     closed → connecting → [upgrading →] ready → sending → awaiting → ready … → closing → closed
//                        ↘                                               giving_up → closed
//
// With a handshake it speaks WebSocket: each request is a message, and its answer the same one.
// `ask` on a closed connection opens it first: a connection per request. Exactly one on_ended
// follows each ask, unless begin_close gives it up; and exactly one on_closed or on_unreachable
// each open.
// Owned by a LoadGenerator; its thread. REQUIRES: closed when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/address.h"
#include "core/stream.h"
#include "core/timer_wheel.h"
#include "loadtest/load/answer_reader.h"
#include "loadtest/load/echo_reader.h"
#include "loadtest/load/ready_line.h"
#include "loadtest/load/request.h"
#include "loadtest/load/request_pieces.h"
#include "loadtest/load/tally.h"

namespace ringway::loadtest {

class LoadConnection;

// What became of a request.
struct Ended {
    const LoadRequest& request;
    core::Instant meant_for;
    std::optional<Mistake> mistake = {};
    std::string_view backend = {};  // By its own name, where one was asked for.
};

class ConnectionEvents {
public:
    virtual void on_open(LoadConnection& connection) = 0;
    // The connection is ready for the next, or closing.
    virtual void on_ended(LoadConnection& connection, const Ended& ended) = 0;
    // A pause that was asked for is over.
    virtual void on_rested(LoadConnection& connection) = 0;
    virtual void on_closed(LoadConnection& connection) = 0;
    // It is closed and has never been open.
    virtual void on_unreachable(LoadConnection& connection) = 0;

protected:
    ~ConnectionEvents() = default;
};

// Numbers for requests that no other generator gives away.
struct RequestNumbers {
    std::uint64_t next = 1;
    std::uint64_t step = 1;

    std::uint64_t take() { return std::exchange(next, next + step); }
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
    RequestNumbers numbers;
    std::uint32_t open = 0;  // Connections that are not closed.
};

class LoadConnection final : private core::StreamEvents {
public:
    enum class State : std::uint8_t {
        closed,
        connecting,
        upgrading,
        ready,
        sending,   // A request, whose answer may come before the last of it has left.
        awaiting,  // The answer.
        closing,
        giving_up,  // Closing what never came to be open.
    };

    LoadConnection(LoadMachine& machine, ConnectionEvents& events);
    ~LoadConnection() = default;

    // REQUIRES: closed. False, and counted, when there is no socket for it.
    bool open();
    // REQUIRES: ready, or closed.
    void ask(const LoadRequest& request, core::Instant meant_for);
    // on_rested in a while. REQUIRES: ready or closed.
    void rest(core::Duration pause);
    void begin_close();

    bool is_ready() const { return state_ == State::ready; }
    bool is_closed() const { return state_ == State::closed; }

    // The request on its way, and when it was meant for. Nobody when there is none.
    const LoadRequest* request() const { return request_; }
    core::Instant meant_for() const { return meant_for_; }

    // The generator's own notes on it.
    enum class Role : std::uint8_t { asks, is_held };
    struct Notes {
        Role role = Role::asks;
        bool is_settled = false;  // It has been ready once.
        core::Duration pause{0};  // Before it is used again.
        ReadyLine::Link line = {};
    };
    Notes notes;

private:
    // What an answer lets become of its connection.
    enum class After : std::uint8_t { next, close };

    // core::StreamEvents
    void on_connected() override;
    void on_bytes(core::Buffer bytes) override;
    void on_stream_failed(const core::Error& error) override;
    void on_drained() override;
    void on_closed() override;
    void on_released(int fd, core::Buffer bytes) override;

    void become_ready();
    void take_handshake(std::span<std::byte> bytes);

    void send_request();
    void send_drop();
    void receive();
    void wait_for_pace(core::Duration time);
    void on_pace() noexcept;

    void take_answer(std::span<std::byte> bytes);
    void take_frames(std::span<const std::byte> bytes);
    void finish_answer();
    void finish(std::optional<Mistake> mistake, After after);
    void fail(Mistake mistake);
    void tell(std::optional<Mistake> mistake);

    void send(std::span<const std::byte> bytes);
    void arm(core::Duration time);
    void on_time() noexcept;
    void on_stray();
    bool is_asking() const { return state_ == State::sending || state_ == State::awaiting; }

    // Set at construction.
    LoadMachine& machine_;
    ConnectionEvents& events_;

    State state_ = State::closed;
    std::optional<core::Stream> stream_;
    core::TimerOf<LoadConnection> timer_{*this};
    core::TimerOf<LoadConnection> pace_{*this};  // Of a slow client's next step.
    std::string handshake_;                      // What came of the answer to it, while upgrading.
    std::unique_ptr<EchoReader> echo_;           // Where WebSocket is spoken.

    // While a request is on its way.
    const LoadRequest* request_ = nullptr;
    core::Instant meant_for_{};
    RequestPieces pieces_;
    AnswerReader answer_;
};

}  // namespace ringway::loadtest
