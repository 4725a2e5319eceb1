// A client's connection to a mock backend, and the answer to the request that is on it: arrival,
// slot, delay, answer, end. It speaks HTTP through an H1Session and answers what that hands it;
// where an answer is broken on purpose it writes bytes past the session's framing, or resets the
// connection under it. One request at a time.
// Owned by its Backend's slab; the origin's thread.
//
//     idle → reading → (queued →) (delaying →) sending → idle     or      → ending, silent
#pragma once

#include <cstdint>
#include <optional>

#include "core/byte_queue.h"
#include "core/timer_wheel.h"
#include "http/h1_session.h"
#include "http/request_sink.h"
#include "loadtest/origin/answer.h"
#include "loadtest/origin/settings.h"

namespace ringway::loadtest {

class Backend;

class Connection final : private http::RequestSinks,
                         private http::RequestSink,
                         private http::SessionOwner {
public:
    enum class State : std::uint8_t {
        idle,
        reading,   // The request's body.
        queued,    // For a slot.
        delaying,  // Has a slot, as it does from here on.
        sending,
        ending,  // What was sent leaves for the kernel; then the connection is cut or reset.
        silent,  // Never to be answered.
    };

    Connection(Backend& backend, int fd);
    ~Connection();

    void start();
    void begin_close();
    // As a process that died leaves it: the client gets a reset.
    void reset();

    // --- For the Backend.
    void serve();
    void reject();

private:
    // What `pump` does when the last byte was sent.
    enum class Last : std::uint8_t { finish, cut, reset, silence };

    // http::RequestSinks
    http::RequestSink* begin(http::ClientSide& client, const http::RequestHead& head) override;
    // http::RequestSink
    void on_request_body(core::Buffer bytes) override;
    void on_request_pause() override;
    void on_request_end() override;
    void on_client_drained() override;
    void on_client_gone(const core::Error& error) override;
    // http::SessionOwner
    void on_session_closed(http::H1Session& session) override;

    void keep(const http::RequestHead& head);
    void note_number(const http::RequestHead& head);
    void continue_body(const http::RequestHead& head);
    void arrive();
    void answer_health();
    void on_timer() noexcept;
    void arm(core::Duration time);
    void respond();
    void respond_well();
    void break_answer();
    void break_length(bool is_short);
    void send_garbage();
    void send(const Answer& answer, std::uint64_t body_bytes);
    void send_raw(std::string_view text);
    void pump();
    bool send_piece(std::uint64_t bytes_max);
    void end();
    void finish();
    void end_when_drained();
    void leave();
    void fail_for_memory();

    // Set at construction.
    Backend& backend_;
    int fd_;
    http::H1Session session_;
    core::TimerOf<Connection> timer_{*this};

    State state_ = State::idle;
    http::ClientSide* client_ = nullptr;

    // Of the request that is answered.
    bool is_health_check_ = false;
    bool is_head_ = false;
    bool has_body_ = false;
    bool has_slot_ = false;
    std::optional<std::uint64_t> number_;
    core::ByteQueue echo_;      // Its head and body, when they are the answer,
    core::Buffer echo_part_;    // and what is left of the buffer that is being sent.
    std::uint64_t left_ = 0;    // Body bytes still to be sent.
    std::uint64_t offset_ = 0;  // Of the next body byte in the pattern.
    Last last_ = Last::finish;
};

}  // namespace ringway::loadtest
