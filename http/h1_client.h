// The client side of one HTTP/1 connection: writes requests, parses their responses strictly, one
// exchange at a time. The upstream pool, health probes and the load generator build on it; who
// owns it hears about the connection's life through `H1ClientOwner`.
//
// An idle client keeps a receive armed, so that a server's end of the connection is seen when it
// happens and not when the next request is lost to it. Bytes that come unasked end the connection:
// they could only be mistaken for the next answer.
#pragma once

#include <cstdint>

#include "core/stream.h"
#include "core/timer_wheel.h"
#include "http/body_framing.h"
#include "http/context.h"
#include "http/head_buffer.h"
#include "http/progress.h"
#include "http/upstream_side.h"

namespace ringway::http {

class H1Client;

class H1ClientOwner {
public:
    // Connected and idle.
    virtual void on_client_connected(H1Client& client) = 0;
    // It could not be connected; it closes by itself and on_client_closed follows.
    virtual void on_client_unreachable(H1Client& client, const core::Error& error) = 0;
    // The exchange is over and the connection idle again: reusable. Said before the sink hears of
    // the end, so that the next request can have the connection at once.
    virtual void on_client_idle(H1Client& client) = 0;
    // It is of no more use: closing, on_client_closed follows. Said once for a client that was
    // connected, whatever it was doing.
    virtual void on_client_ending(H1Client& client) = 0;
    virtual void on_client_closed(H1Client& client) = 0;

protected:
    ~H1ClientOwner() = default;
};

class H1Client final : public UpstreamSide, private core::StreamEvents {
public:
    enum class State : std::uint8_t {
        unused,
        connecting,
        idle,
        awaiting_head,  // The request goes out; no final head has come.
        reading_body,
        releasing,  // The connection leaves HTTP for a tunnel.
        closing,
    };

    H1Client(Context& context, H1ClientOwner& owner, const UpstreamTimeouts& timeouts);
    ~H1Client();

    // An error means that nothing began. REQUIRES: unused.
    core::Result<void> connect(const core::Address& peer);
    // REQUIRES: idle.
    void begin_exchange(ResponseSink& sink);
    void begin_close();
    // For when memory is short: the second call between which a backend took nothing of a request
    // fails its exchange.
    void end_if_stalled();
    // How long the client may stay idle, from now on; it ends by itself. REQUIRES: idle.
    void set_idle_timeout(core::Duration timeout) { arm_timer(timeout); }
    State state() const { return state_; }
    // Idle, and something has come that was not heard, for want of a buffer or because nobody
    // asked: the server's end, or stray bytes. It is not to be used again.
    bool has_unread() const { return state_ == State::idle && stream_.has_unread(); }
    // While on_client_ending runs: the server ended it, in order, and we did not ask it to.
    bool was_ended_by_server() const { return was_ended_by_server_; }
    // With the last response: Keep-Alive: timeout=N; 0 when it did not say.
    core::Duration announced_idle() const { return announced_idle_; }
    std::uint64_t exchanges() const { return exchanges_; }
    // From the last request to the head of its answer.
    core::Duration answered_after() const { return answered_after_; }

    // UpstreamSide
    void set_try_timeout(core::Duration timeout) override;
    void send_head(const RequestHead& head, const HeadEdits& edits) override;
    void send_body(core::Buffer bytes) override;
    void send_trailers(core::Buffer lines) override;
    void flush() override;
    void end_request() override;
    void abort() override;
    void release_to(TunnelEnds& tunnel) override;
    void allow(std::size_t bytes) override;

private:
    // core::StreamEvents
    void on_connected() override;
    void on_bytes(core::Buffer bytes) override;
    void on_stream_failed(const core::Error& error) override;
    void on_drained() override;
    void on_closed() override;
    void on_released(int fd, core::Buffer bytes) override;

    static constexpr std::uint8_t interim_heads_max = 32;  // Before the final one.

    static core::Error upstream_error(core::Errc code, core::Retry retry, const char* what);
    void release_if_drained();
    void keep_early(core::Buffer bytes);
    bool came_before_request() const;
    core::Buffer parse_head(core::Buffer bytes);
    core::Buffer begin_response(const ResponseHead& head, core::Buffer bytes);
    void read_body(core::Buffer bytes);
    void deliver_body(core::Buffer bytes, const BodyReader::Progress& progress);
    [[nodiscard]] bool keep_trailers(std::span<const std::byte> lines);
    void count_request(std::size_t bytes);
    void lose_request();
    void pause();
    void end_response();
    void fail(const core::Error& error);
    void lose_server(const core::Error& error);
    void fail_for_memory();
    void fail_for_time();
    bool was_never_read() const;
    core::Duration first_byte_timeout() const;
    void end();
    void on_timeout() noexcept;
    void arm_timer(core::Duration timeout);

    // Set at construction.
    Context& context_;
    H1ClientOwner& owner_;
    const UpstreamTimeouts& timeouts_;
    core::Stream stream_;
    core::TimerOf<H1Client> timer_{*this};

    State state_ = State::unused;
    std::uint64_t exchanges_ = 0;

    // While an exchange runs.
    ResponseSink* sink_ = nullptr;
    TunnelEnds* tunnel_ = nullptr;  // While releasing.
    HeadBuffer pending_;            // Of a head not yet whole, or of trailers.
    BodyReader body_;
    std::uint64_t allowed_ = 0;  // Response bytes that the sink can still take.
    bool is_held_ = false;       // Nothing is received before it can take some.
    Method request_method_ = Method::other;
    Framing request_framing_ = Framing::none;
    bool request_ended_ = false;
    core::Instant began_at_;        // The tick in which it began.
    bool request_is_lost_ = false;  // A part of it could not be written for want of memory.
    Progress progress_;             // Of the request.
    bool response_began_ = false;   // A byte of the response has arrived.
    std::uint8_t interim_heads_ = 0;
    bool keep_alive_ = false;
    bool asks_upgrade_ = false;
    bool was_ended_by_server_ = false;
    std::uint32_t request_bytes_ = 0;  // Given to the stream; saturates.
    core::Duration announced_idle_{};
    core::Duration answered_after_{};
    core::Duration try_timeout_{};  // 0: the group's first_byte.
};

}  // namespace ringway::http
