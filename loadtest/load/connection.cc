#include "loadtest/load/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/field_text.h"
#include "loadtest/body_pattern.h"

namespace ringway::loadtest {

namespace {

constexpr std::string_view backend_field = "x-backend";
constexpr http::HeadLimits head_limits;

std::span<std::byte> bytes_of(std::string& text) {
    return std::as_writable_bytes(std::span{text});
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Control frames may come at any time.
bool is_control_ahead(std::span<const std::byte> bytes) {
    return (bytes[0] & std::byte{0x08}) != std::byte{0};
}

std::optional<std::uint32_t> backend_in(const http::ResponseHead& head) {
    for (const http::Field& field : head.fields) {
        if (field.name.size != backend_field.size()) continue;
        if (!http::equals_ignoring_case(head.name(field), backend_field)) continue;
        const std::string_view value = head.value(field);
        std::uint32_t number = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
        if (read.ec == std::errc{}) return number;
    }
    return {};
}

}  // namespace

LoadConnection::LoadConnection(LoadMachine& machine, ConnectionEvents& events)
    : machine_(machine), events_(events), check_(machine.first_bodies) {}

// --- Opening ------------------------------------------------------------------------------------

bool LoadConnection::open() {
    CHECK(state_ == State::closed);
    was_open_ = false;
    core::StreamEvents& heard_by = *this;
    stream_.emplace(
        machine_.io, heard_by,
        core::Stream::Options{.pool = core::Pool::upstream, .side = core::Side::upstream});
    if (!stream_->connect(machine_.target)) {
        stream_.reset();
        if (request_ == nullptr) machine_.tally.connects_failed++;
        return false;
    }
    state_ = State::connecting;
    arm(machine_.timeout);
    return true;
}

void LoadConnection::on_connected() {
    machine_.tally.connects++;
    if (!machine_.handshake.empty()) {
        state_ = State::upgrading;
        send(std::as_bytes(std::span{machine_.handshake}));
        stream_->flush();
        return stream_->receive();
    }
    if (request_ == nullptr) return become_ready();
    was_open_ = true;
    state_ = State::ready;
    send_request();
}

void LoadConnection::become_ready() {
    was_open_ = true;
    state_ = State::ready;
    machine_.timers.disarm(timer_);
    events_.on_open(*this);
    if (state_ == State::ready) stream_->receive();
}

void LoadConnection::send(std::span<const std::byte> bytes) {
    // There are more buffers than a descriptor table has places.
    CHECK(stream_->output().try_copy(bytes, machine_.buffers));
    machine_.tally.bytes_out += bytes.size();
}

// --- Asking -------------------------------------------------------------------------------------

void LoadConnection::ask(const LoadRequest& request, core::Instant meant_for) {
    CHECK(state_ == State::ready || state_ == State::closed);
    request_ = &request;
    meant_for_ = meant_for;
    if (state_ == State::ready) return send_request();
    if (!open()) tell(Mistake::connect);
}

void LoadConnection::send_request() {
    state_ = State::asking;
    is_sent_ = false;
    has_head_ = false;
    backend_.reset();
    body_left_ = request_->body_bytes;
    check_.begin(*request_);
    arm(machine_.timeout);
    if (request_->drip.bytes > 0) {
        head_dripped_ = 0;
        send_drop();
        return receive();
    }
    send(std::as_bytes(std::span{request_->head}));
    if (body_left_ > 0) send_body();
    stream_->flush();
    receive();
}

void LoadConnection::send_body() {
    const auto size =
        static_cast<std::size_t>(std::min(body_left_, std::uint64_t{pattern_piece_max}));
    send(pattern_piece(request_->body_bytes - body_left_, size));
    body_left_ -= size;
}

void LoadConnection::on_drained() {
    if (state_ != State::asking) return;
    const bool drips = request_->drip.bytes > 0;
    is_sent_ = body_left_ == 0 && (!drips || head_dripped_ == request_->head.size());
    if (is_sent_ || drips) return;
    send_body();
    stream_->flush();
}

// The next drop of a request that drips: of its head, then of its body.
void LoadConnection::send_drop() {
    const Drip& drip = request_->drip;
    const auto wait = [&] {
        machine_.timers.arm(pace_.then<&LoadConnection::on_pace>(),
                            machine_.io.clock().now() + drip.interval);
    };
    // The server does not even take the drop before.
    if (stream_->is_sending()) return wait();
    const std::string_view head = std::string_view{request_->head}.substr(
        head_dripped_, static_cast<std::size_t>(drip.bytes));
    std::span<const std::byte> drop = std::as_bytes(std::span{head});
    head_dripped_ += head.size();
    if (drop.empty()) {
        drop = pattern_piece(request_->body_bytes - body_left_,
                             static_cast<std::size_t>(std::min(body_left_, drip.bytes)));
        body_left_ -= drop.size();
    }
    send(drop);
    stream_->flush();
    if (head_dripped_ < request_->head.size() || body_left_ > 0) return wait();
    // An early answer that is read slowly has waited for this timer.
    if (has_head_ && request_->slow_read > core::Duration{0}) receive();
}

// Asks for more of the answer, after a pause if it is read slowly.
void LoadConnection::receive() {
    if (!has_head_ || request_->slow_read == core::Duration{0}) return stream_->receive();
    machine_.timers.arm(pace_.then<&LoadConnection::on_pace>(),
                        machine_.io.clock().now() + request_->slow_read);
}

void LoadConnection::on_pace() noexcept {
    if (state_ != State::asking) return;
    const bool drips = request_->drip.bytes > 0;
    if (drips && (head_dripped_ < request_->head.size() || body_left_ > 0)) return send_drop();
    // A large buffer would take in one read what is to be read slowly.
    stream_->end_bulk();
    stream_->receive();
}

// --- The answer ---------------------------------------------------------------------------------

void LoadConnection::on_bytes(core::Buffer buffer) {
    machine_.tally.bytes_in += buffer.size();
    if (state_ == State::upgrading) return on_handshake_bytes(buffer.bytes());
    if (frames_ != nullptr) return take_frames(buffer.bytes());
    if (state_ != State::asking) {
        machine_.tally.stray++;
        return begin_close();
    }
    std::span<std::byte> bytes = buffer.bytes();
    if (!has_head_ && !take_head(bytes)) return;
    take_body(bytes);
    partial_.clear();
}

// Cuts the head off, and heads of interim answers before it. False when that was not the last of
// it, or was no head.
bool LoadConnection::take_head(std::span<std::byte>& bytes) {
    std::size_t seen = partial_.size();
    if (seen > 0) {
        partial_ += text_of(bytes);
        bytes = bytes_of(partial_);
    }
    http::ResponseHead head;
    http::Refusal refusal = http::Refusal::none;
    http::Parse parsed = http::Parse::incomplete;
    do {
        parsed = http::parse_response_head({.bytes = text_of(bytes), .seen = seen}, head_limits,
                                           request_->method, machine_.field_table, head, refusal);
        if (parsed != http::Parse::complete) break;
        bytes = bytes.subspan(head.bytes);
        seen = 0;
    } while (head.is_interim() && head.status != 101);
    if (parsed == http::Parse::complete) {
        on_head(head);
        return true;
    }
    if (parsed == http::Parse::refused) {
        fail(Mistake::malformed);
        return false;
    }
    partial_ = std::string{text_of(bytes)};
    stream_->receive();
    return false;
}

void LoadConnection::on_head(const http::ResponseHead& head) {
    has_head_ = true;
    keeps_alive_ = head.keep_alive && head.framing != http::Framing::until_close;
    backend_ = backend_in(head);
    reader_ = http::BodyReader{head.framing, head.content_length};
    check_.on_head(head.status);
}

void LoadConnection::take_body(std::span<std::byte> bytes) {
    const http::BodyReader::Progress progress = reader_.read(bytes);
    check_.on_body(bytes.first(progress.body));
    if (progress.refusal != http::Refusal::none) return fail(Mistake::malformed);
    if (!progress.ended) return receive();
    if (progress.consumed < bytes.size()) return fail(Mistake::wrong_bytes);
    finish();
}

void LoadConnection::finish() {
    // Who answers before the request is whole may not read the rest of it.
    const bool may_go_on = keeps_alive_ && is_sent_ && !machine_.closes;
    machine_.timers.disarm(timer_);
    machine_.timers.disarm(pace_);
    state_ = State::ready;
    if (!may_go_on) begin_close();
    tell(check_.finish());
    if (state_ == State::ready) stream_->receive();
}

void LoadConnection::tell(std::optional<Mistake> mistake) {
    const Ended ended{.request = *std::exchange(request_, nullptr),
                      .meant_for = meant_for_,
                      .mistake = mistake,
                      .backend = backend_};
    events_.on_ended(*this, ended);
}

// --- WebSocket ----------------------------------------------------------------------------------

void LoadConnection::on_handshake_bytes(std::span<std::byte> bytes) {
    const std::size_t seen = partial_.size();
    partial_ += text_of(bytes);
    http::ResponseHead head;
    http::Refusal refusal = http::Refusal::none;
    const http::Parse parsed =
        http::parse_response_head({.bytes = partial_, .seen = seen}, head_limits, http::Method::get,
                                  machine_.field_table, head, refusal);
    if (parsed == http::Parse::incomplete) return stream_->receive();
    const bool is_all = parsed == http::Parse::complete && head.bytes == partial_.size();
    if (!is_all || !is_handshake_agreed(head)) {
        machine_.tally.connects_failed++;
        return begin_close();
    }
    partial_.clear();
    frames_ = std::make_unique<FrameReader>();
    become_ready();
}

void LoadConnection::take_frames(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (!take_frame(bytes)) return;
    }
    if (state_ == State::asking || state_ == State::ready) stream_->receive();
}

// Cuts off a frame, or the part of one that came. False when there is no going on.
bool LoadConnection::take_frame(std::span<const std::byte>& bytes) {
    const FrameReader::Progress progress = frames_->read(bytes);
    bytes = bytes.subspan(progress.consumed);
    if (progress.is_malformed || progress.closes) {
        fail(progress.closes ? Mistake::read : Mistake::malformed);
        return false;
    }
    if (progress.ping_ended) {
        const std::string pong = write_pong(frames_->control_payload());
        send(std::as_bytes(std::span{pong}));
        stream_->flush();
    }
    if (progress.payload.empty() && !progress.message_ended) return true;
    if (state_ != State::asking) {
        machine_.tally.stray++;
        begin_close();
        return false;
    }
    check_.on_body(progress.payload);
    if (!progress.message_ended) return true;
    // What comes behind the answer is nobody's, and may not be taken for the next one's.
    if (!bytes.empty() && !is_control_ahead(bytes)) {
        fail(Mistake::wrong_bytes);
        return false;
    }
    keeps_alive_ = is_sent_ = true;
    finish();
    return state_ == State::asking || state_ == State::ready;
}

// --- What goes wrong, and the end ---------------------------------------------------------------

void LoadConnection::on_stream_failed(const core::Error& error) {
    switch (state_) {
        case State::connecting:
            if (request_ == nullptr) machine_.tally.connects_failed++;
            return fail(Mistake::connect);
        case State::upgrading:
            machine_.tally.connects_failed++;
            return begin_close();
        case State::asking:
            if (error.code == core::Errc::ended && has_head_ && reader_.on_stream_end()) {
                return finish();
            }
            return fail(is_sent_ ? Mistake::read : Mistake::write);
        case State::ready:
            return begin_close();
        case State::closed:
        case State::closing:
            return;
    }
}

void LoadConnection::fail(Mistake mistake) {
    begin_close();
    if (request_ != nullptr) tell(mistake);
}

void LoadConnection::arm(core::Duration time) {
    machine_.timers.arm(timer_.then<&LoadConnection::on_time>(), machine_.io.clock().now() + time);
}

void LoadConnection::rest(core::Duration pause) {
    arm(pause);
}

void LoadConnection::on_time() noexcept {
    switch (state_) {
        case State::connecting:
        case State::upgrading:
            if (request_ == nullptr) machine_.tally.connects_failed++;
            return fail(Mistake::timeout);
        case State::asking:
            return fail(Mistake::timeout);
        case State::ready:
        case State::closed:
            return events_.on_rested(*this);
        case State::closing:
            return;
    }
}

void LoadConnection::begin_close() {
    machine_.timers.disarm(timer_);
    machine_.timers.disarm(pace_);
    if (state_ == State::closed || state_ == State::closing) return;
    state_ = State::closing;
    stream_->begin_close();
}

void LoadConnection::on_closed() {
    state_ = State::closed;
    stream_.reset();
    frames_.reset();
    partial_.clear();
    events_.on_closed(*this);
}

void LoadConnection::on_released(int, core::Buffer) {
    CHECK(false);  // Nobody asked for it.
}

}  // namespace ringway::loadtest
