// The server side of one HTTP/1 connection: heads are parsed, a RequestSink is asked to answer
// each, and its answer is written. Requests are answered one after the other in the order they
// came; bytes that arrive early wait unread or in one buffer.
//
// Owned by whoever accepted the connection (the shard's connection table, the mock origin), on one
// shard's thread. `on_session_closed` is the last thing the owner hears and where it destroys the
// session. An idle session holds no buffer: sizeof(H1Session) is what an idle client costs.
#pragma once

#include <cstdint>

#include "core/address.h"
#include "core/stream.h"
#include "core/timer_wheel.h"
#include "http/body_framing.h"
#include "http/client_side.h"
#include "http/context.h"
#include "http/h1_writer.h"
#include "http/head_buffer.h"
#include "http/progress.h"
#include "http/request_sink.h"

namespace ringway::http {

class H1Session;

class SessionOwner {
public:
    virtual void on_session_closed(H1Session& session) = 0;

protected:
    ~SessionOwner() = default;
};

class H1Session final : public ClientSide, private core::StreamEvents {
public:
    enum class State : std::uint8_t {
        waiting,    // For the first byte of a request.
        head,       // For the rest of its head.
        answering,  // A sink has the request.
        draining,   // The last answer is on its way to the kernel; then the connection ends.
        releasing,  // The connection leaves HTTP for a tunnel, once all output is out.
        lingering,  // We ended our side and read what still comes, so that the client sees why.
        closing,
    };

    struct Options {
        SessionOwner& owner;
        RequestSinks& sinks;
        const Arrival& arrival;
    };
    H1Session(Context& context, const Options& options);
    ~H1Session();

    // `first_bytes` may have been read by whoever had the descriptor before.
    void start(int fd, core::Buffer first_bytes);
    // One more request at most: a busy connection ends after its answer, an idle one after that of
    // a request that is already on its way, or soon.
    void begin_drain();
    // For when memory is short: the second call between which a client took nothing ends it.
    void end_if_stalled();
    // Ends at once, whatever it was doing.
    void begin_close(const core::Error& error);
    State state() const { return state_; }

    // ClientSide
    void send_head(const ResponseHead& head, const HeadEdits& edits) override;
    void send_body(core::Buffer bytes) override;
    void send_trailers(core::Buffer lines) override;
    void reply(const Reply& reply) override;
    void flush() override;
    void finish() override;
    void abort(const core::Error& error) override;
    void release_to(TunnelEnds& tunnel) override;
    void grant(std::size_t bytes) override;
    std::size_t backlog() const override { return stream_.output().size(); }
    const core::PackedAddress& peer() override;
    const Arrival& arrival() const override { return arrival_; }

private:
    // core::StreamEvents
    void on_connected() override;
    void on_bytes(core::Buffer bytes) override;
    void on_stream_failed(const core::Error& error) override;
    void on_drained() override;
    void on_closed() override;
    void on_released(int fd, core::Buffer bytes) override;

    void process(core::Buffer bytes);
    bool may_begin_next() const;
    std::size_t body_receive_max() const;
    void go_on();
    core::Buffer parse_head(core::Buffer bytes);
    core::Buffer begin_request(const RequestHead& head, core::Buffer bytes);
    void count_in_a_row();
    core::Buffer read_body(core::Buffer bytes);
    [[nodiscard]] bool keep_trailers(std::span<const std::byte> lines);
    void deliver_trailers();
    void receive_if_wanted();
    // `came` is what there is of a head that was refused.
    void refuse(Refusal refusal, std::string_view came = {});
    RequestIdText log_refusal(Reason reason, std::string_view came);
    void refuse_for_memory();
    bool may_go_on() const;
    ConnectionField connection_field() const;
    void end_after_output();
    void lose_tunnel();
    void end_idle();
    bool has_cut_answer() const;
    void begin_linger();
    void linger_on();
    core::Duration linger_gap() const;
    void on_timeout() noexcept;
    void look_for_progress();
    void arm_timer(core::Duration timeout);

    // Set at construction.
    Context& context_;
    SessionOwner& owner_;
    RequestSinks& sinks_;
    const Arrival& arrival_;
    core::Stream stream_;
    core::TimerOf<H1Session> timer_{*this};

    State state_ = State::waiting;
    bool is_processing_ = false;  // `process` is on the stack and will look at the state again.
    bool is_draining_ = false;
    bool goes_on_ = false;      // Bytes came behind the last request that we answer.
    Progress progress_;         // Of what it is sent.
    ArrivalRate body_rate_;     // While a body is wanted. While lingering: since when.
    core::PackedAddress peer_;  // Asked for with the first request.

    // While bytes wait: of a head not yet whole (State::head), of trailers, or early ones.
    HeadBuffer pending_;

    // While a request is answered.
    RequestSink* sink_ = nullptr;
    TunnelEnds* tunnel_ = nullptr;  // While releasing.
    BodyReader body_;
    std::uint32_t granted_ = 0;  // Body bytes that the sink can still take.
    Framing response_framing_ = Framing::none;
    bool request_keep_alive_ = false;
    bool response_keep_alive_ = false;
    bool head_was_sent_ = false;
    std::uint8_t request_minor_version_ = 1;
    Method request_method_ = Method::other;
    std::uint16_t in_a_row_ = 0;  // Requests since the client last waited for an answer.
};

}  // namespace ringway::http
