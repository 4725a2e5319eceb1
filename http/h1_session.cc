#include "http/h1_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "http/chunk_output.h"
#include "http/own_answer.h"

namespace ringway::http {

namespace {

constexpr core::Duration watch_closing_client_after = std::chrono::milliseconds(50);
// Answers that a client may leave unread before its next pipelined request waits.
constexpr std::size_t unread_bytes_max = 65'536;
constexpr std::size_t early_bytes_max = 65'536;  // Below what a large buffer holds.
// As much as there will be.
constexpr std::uint32_t granted_all = std::numeric_limits<std::uint32_t>::max();

}  // namespace

H1Session::H1Session(Context& context, const Options& options)
    : context_(context),
      owner_(options.owner),
      sinks_(options.sinks),
      arrival_(options.arrival),
      stream_(context.io, *this, {.pool = core::Pool::client, .side = core::Side::client}) {}

H1Session::~H1Session() {
    CHECK(sink_ == nullptr);
}

void H1Session::start(int fd, core::Buffer first_bytes) {
    stream_.adopt(fd);
    arm_timer(context_.settings.client.header_timeout);
    process(std::move(first_bytes));
}

// --- Bytes in -----------------------------------------------------------------------------------

void H1Session::on_bytes(core::Buffer bytes) {
    if (state_ == State::lingering) return linger_on();
    if (state_ == State::waiting && pending_.empty()) in_a_row_ = 0;
    process(std::move(bytes));
}

void H1Session::process(core::Buffer bytes) {
    is_processing_ = true;
    while (bytes && bytes.size() > 0) {
        if (may_begin_next()) {
            bytes = parse_head(std::move(bytes));
        } else if (state_ == State::answering && !body_.has_ended()) {
            bytes = read_body(std::move(bytes));
        } else {
            break;
        }
    }
    if (sink_ != nullptr && !body_.has_ended()) sink_->on_request_pause();
    is_processing_ = false;
    goes_on_ = goes_on_ || (state_ == State::draining && bytes && bytes.size() > 0);
    // Early bytes of the next request, or of the protocol behind a 101 that is on its way. They are
    // copied: a receive buffer is never held for long.
    const bool ends =
        state_ == State::draining || state_ == State::lingering || state_ == State::closing;
    if (bytes && bytes.size() > 0 && !ends && !pending_.append(context_, std::move(bytes))) {
        return refuse_for_memory();
    }
    receive_if_wanted();
}

// A client that asks on and on without reading would have all its answers kept here.
bool H1Session::may_begin_next() const {
    return (state_ == State::waiting || state_ == State::head) &&
           stream_.output().size() < unread_bytes_max;
}

void H1Session::go_on() {
    if (pending_.empty()) return receive_if_wanted();
    if (may_begin_next()) process(pending_.take());
}

core::Buffer H1Session::parse_head(core::Buffer bytes) {
    const bool is_first = pending_.empty();
    if (!is_first && !pending_.append(context_, std::move(bytes))) {
        refuse_for_memory();
        return {};
    }
    // They were moved only if these are not the first: NOLINTNEXTLINE(bugprone-use-after-move)
    const std::string_view text = is_first ? text_of(bytes) : pending_.text();
    RequestHead head;
    Refusal refusal = Refusal::none;
    switch (parse_request_head({.bytes = text, .seen = pending_.seen()},
                               context_.settings.head_limits, context_.field_table, head,
                               refusal)) {
        case Parse::complete:
            return begin_request(head, is_first ? std::move(bytes) : pending_.take());
        case Parse::refused:
            refuse(refusal, text);
            return {};
        case Parse::incomplete:
            break;
    }
    if (is_first && !pending_.append(context_, std::move(bytes))) {
        refuse_for_memory();
        return {};
    }
    pending_.set_seen();
    if (state_ == State::waiting) {
        // The whole head has this long, however slowly its bytes drip.
        state_ = State::head;
        arm_timer(context_.settings.client.header_timeout);
    }
    return {};
}

core::Buffer H1Session::begin_request(const RequestHead& head, core::Buffer bytes) {
    context_.counters.requests.add();
    count_in_a_row();
    state_ = State::answering;
    body_ = BodyReader{head.framing, head.content_length, context_.settings.body_limits};
    granted_ = static_cast<std::uint32_t>(bytes.size() - head.bytes);
    body_rate_.begin(context_.now());
    head_was_sent_ = false;
    response_framing_ = Framing::none;
    request_keep_alive_ = head.keep_alive;
    request_minor_version_ = head.minor_version;
    request_method_ = head.method;
    const std::size_t head_bytes = head.bytes;

    RequestSink* sink = sinks_.begin(*this, head);
    if (state_ == State::answering) {
        CHECK(sink != nullptr);
        sink_ = sink;
        if (body_.has_ended()) sink_->on_request_end();
    }
    bytes.drop_front(head_bytes);
    return bytes;
}

// A client that always has the next request here before its answer is told to come again: the rest
// of what it sent it will send once more (RFC 9112, 9.3.2).
void H1Session::count_in_a_row() {
    if (++in_a_row_ < context_.settings.pipelined_max || is_draining_) return;
    context_.counters.pipelined_over_limit.add();
    is_draining_ = true;
}

core::Buffer H1Session::read_body(core::Buffer bytes) {
    const BodyReader::Progress progress = body_.read(bytes.bytes());
    if (progress.refusal != Refusal::none) {
        refuse(progress.refusal);
        return {};
    }
    const ClientSettings& limits = context_.settings.client;
    if (body_rate_.is_too_low(progress.consumed, context_.now(),
                              {limits.rate_min, limits.body_timeout}) &&
        !progress.ended) {
        context_.counters.client_timeouts.add();
        refuse(Refusal::request_timeout);
        return {};
    }
    if (!progress.trailers.empty() && !keep_trailers(progress.trailers)) {
        refuse_for_memory();
        return {};
    }
    core::Buffer rest;
    if (progress.consumed < bytes.size()) {
        rest = context_.take_buffer(bytes.size() - progress.consumed);
        if (!rest) {
            refuse_for_memory();
            return {};
        }
        rest.append(bytes.bytes().subspan(progress.consumed));
    }
    bytes.drop_back(bytes.size() - progress.body);
    if (granted_ != granted_all) {
        granted_ -= static_cast<std::uint32_t>(std::min<std::size_t>(granted_, progress.body));
    }
    if (bytes.size() > 0) sink_->on_request_body(std::move(bytes));
    if (!progress.ended) return rest;
    if (!pending_.empty()) deliver_trailers();
    if (sink_ != nullptr) sink_->on_request_end();
    return rest;
}

// Also where nobody wants them any more they are taken out: they must not meet the next head.
void H1Session::deliver_trailers() {
    core::Buffer lines = pending_.take();
    if (sink_ != nullptr) sink_->on_request_trailers(std::move(lines));
}

// They wait where early bytes do, which come only when the body has ended.
bool H1Session::keep_trailers(std::span<const std::byte> lines) {
    if (!context_.settings.forwarding.trailers) return true;
    return pending_.append(context_, lines);
}

void H1Session::receive_if_wanted() {
    if (!stream_.is_open()) return;
    if (state_ != State::answering || body_.has_ended()) stream_.end_bulk();
    switch (state_) {
        case State::waiting:
        case State::head:
            if (may_begin_next()) stream_.receive();
            return;
        case State::lingering:
            return stream_.receive();
        case State::answering:
            if (!body_.has_ended()) {
                if (granted_ == 0) return;
                arm_timer(context_.settings.client.body_timeout);
                return stream_.receive(body_receive_max());
            }
            // Armed while the answer is made: it notices a client that goes away, and it is the
            // receive of the next request, so it costs nothing.
            if (!pending_.empty()) return;
            if (request_keep_alive_) return stream_.receive();
            // Where no request will follow it would cost a receive and a shutdown; so only a client
            // that waits for long is watched.
            return arm_timer(watch_closing_client_after);
        case State::draining:
        case State::releasing:
        case State::closing:
            return;
    }
}

// What comes behind the body is kept for the next request, in a buffer that is made for heads: no
// receive may bring more of it than that holds.
std::size_t H1Session::body_receive_max() const {
    const std::size_t all = context_.io.bulk_pool().space_each();
    return body_.goes_on_for(all) ? all : early_bytes_max;
}

void H1Session::grant(std::size_t bytes) {
    if (granted_ == 0) body_rate_.begin(context_.now());
    granted_ = bytes >= granted_all - granted_ ? granted_all
                                               : granted_ + static_cast<std::uint32_t>(bytes);
    if (!is_processing_ && sink_ != nullptr) receive_if_wanted();
}

// --- Bytes out ----------------------------------------------------------------------------------

ConnectionField H1Session::connection_field() const {
    if (!response_keep_alive_) return ConnectionField::close;
    return request_minor_version_ == 0 ? ConnectionField::keep_alive : ConnectionField::none;
}

void H1Session::reply(const Reply& reply) {
    CHECK(!head_was_sent_);
    head_was_sent_ = true;
    response_framing_ = Framing::length;
    response_keep_alive_ = request_keep_alive_ && !is_draining_ && body_.has_ended();
    core::Buffer answer = write_own_answer(context_, reply, connection_field());
    if (!answer) {
        // Kept open, the client would take the next answer for this one.
        sink_ = nullptr;
        return refuse_for_memory();
    }
    stream_.output().push(std::move(answer));
    finish();
}

void H1Session::send_head(const ResponseHead& head, const HeadEdits& edits) {
    if (head.is_interim() && request_minor_version_ == 0) return;
    WriteOptions options;
    if (!head.is_interim()) {
        // A client of HTTP/1.0 knows no chunks; one of 1.1 need not lose its connection to learn
        // where a body ends.
        const bool knows_chunks = request_minor_version_ >= 1;
        const bool has_length = head.framing == Framing::none || head.framing == Framing::length;
        response_framing_ = has_length     ? head.framing
                            : knows_chunks ? Framing::chunked
                                           : Framing::until_close;
        response_keep_alive_ =
            request_keep_alive_ && !is_draining_ && response_framing_ != Framing::until_close;
        options.framing = response_framing_;
        options.connection = connection_field();
        head_was_sent_ = true;
    }
    core::Buffer space = context_.take_buffer(written_size_max(head, edits));
    if (!space) return refuse_for_memory();
    const std::span<std::byte> room = space.back_room();
    space.extend(write_response_head(head, edits, options,
                                     {reinterpret_cast<char*>(room.data()), room.size()}));
    stream_.output().push(std::move(space));
}

void H1Session::send_body(core::Buffer bytes) {
    if (bytes.size() == 0) return;
    if (response_framing_ != Framing::chunked) return stream_.output().push(std::move(bytes));
    if (!push_chunk(stream_.output(), std::move(bytes), context_.small_buffers)) {
        refuse_for_memory();
    }
}

// Where the client must learn the end from chunks, and only there, they have a place.
void H1Session::send_trailers(core::Buffer lines) {
    if (response_framing_ != Framing::chunked) return;
    if (!push_last_chunk(stream_.output(), std::move(lines), context_.small_buffers)) {
        return refuse_for_memory();
    }
    response_framing_ = Framing::none;  // That was the last chunk.
}

void H1Session::flush() {
    stream_.flush();
}

void H1Session::finish() {
    CHECK(state_ == State::answering || state_ == State::closing);
    sink_ = nullptr;
    if (state_ == State::closing) return;
    if (response_framing_ == Framing::chunked && request_method_ != Method::head &&
        !push_last_chunk(stream_.output(), context_.small_buffers)) {
        return refuse_for_memory();
    }
    if (!may_go_on()) return end_after_output();
    stream_.flush();
    state_ = State::waiting;
    arm_timer(context_.settings.client.idle_timeout);
    if (!is_processing_) go_on();
}

bool H1Session::may_go_on() const {
    return response_keep_alive_ && body_.has_ended() && !is_draining_;
}

void H1Session::abort(const core::Error& error) {
    sink_ = nullptr;
    begin_close(error);
}

void H1Session::release_to(TunnelEnds& tunnel) {
    CHECK(state_ == State::answering || state_ == State::closing);
    sink_ = nullptr;
    if (state_ == State::closing) return tunnel.on_client_lost();
    state_ = State::releasing;
    tunnel_ = &tunnel;
    arm_timer(context_.settings.client.send_timeout);
    stream_.flush();
    if (stream_.output().empty()) on_drained();
}

void H1Session::on_released(int fd, core::Buffer bytes) {
    // What came before the 101 was out, and what came since, in order.
    if (!pending_.empty() && bytes && !pending_.append(context_, std::move(bytes))) {
        context_.counters.memory_refusals.add();
    }
    // NOLINTNEXTLINE(bugprone-use-after-move): moved only where `pending_` took them.
    core::Buffer early = pending_.empty() ? std::move(bytes) : pending_.take();
    context_.timers.disarm(timer_);
    state_ = State::closing;
    std::exchange(tunnel_, nullptr)->on_client_released(fd, std::move(early));
    owner_.on_session_closed(*this);
}

void H1Session::lose_tunnel() {
    if (tunnel_ != nullptr) std::exchange(tunnel_, nullptr)->on_client_lost();
}

void H1Session::arm_timer(core::Duration timeout) {
    context_.timers.arm(timer_.then<&H1Session::on_timeout>(), context_.now() + timeout);
}

const core::PackedAddress& H1Session::peer() {
    if (peer_.is_set() || !stream_.is_open()) return peer_;
    const core::Result<core::Address> address = context_.io.peer_address(stream_.fd());
    return peer_ = core::PackedAddress{address.value_or(core::Address{})};
}

// This side never connects.
void H1Session::on_connected() {
    CHECK(false);
}

}  // namespace ringway::http
