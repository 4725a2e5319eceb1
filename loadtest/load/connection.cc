#include "loadtest/load/connection.h"

#include <utility>

namespace ringway::loadtest {

LoadConnection::LoadConnection(LoadMachine& machine, ConnectionEvents& events)
    : machine_(machine),
      events_(events),
      answer_({.field_table = machine.field_table, .first_bodies = machine.first_bodies}) {}

// --- Opening ------------------------------------------------------------------------------------

bool LoadConnection::open() {
    CHECK(state_ == State::closed);
    core::StreamEvents& heard_by = *this;
    stream_.emplace(
        machine_.io, heard_by,
        core::Stream::Options{.pool = core::Pool::upstream, .side = core::Side::upstream});
    if (!stream_->connect(machine_.target)) {
        stream_.reset();
        if (request_ == nullptr) machine_.tally.connects_failed++;
        return false;
    }
    machine_.open++;
    state_ = State::connecting;
    arm(machine_.timeout);
    return true;
}

void LoadConnection::on_connected() {
    machine_.tally.connects++;
    if (!machine_.handshake.empty()) {
        state_ = State::upgrading;
        handshake_.clear();
        send(std::as_bytes(std::span{machine_.handshake}));
        stream_->flush();
        return stream_->receive();
    }
    if (request_ != nullptr) return send_request();
    become_ready();
}

void LoadConnection::become_ready() {
    state_ = State::ready;
    machine_.timers.disarm(timer_);
    events_.on_open(*this);
    if (state_ == State::ready) stream_->receive();
}

// The answer to the handshake; what is behind it would be nobody's.
void LoadConnection::take_handshake(std::span<std::byte> bytes) {
    const std::size_t seen = handshake_.size();
    handshake_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    http::ResponseHead head;
    http::Refusal refusal = http::Refusal::none;
    const http::Parse parsed =
        http::parse_response_head({.bytes = handshake_, .seen = seen}, {}, http::Method::get,
                                  machine_.field_table, head, refusal);
    if (parsed == http::Parse::incomplete) return stream_->receive();
    const bool is_all = parsed == http::Parse::complete && head.bytes == handshake_.size();
    if (!is_all || !is_handshake_agreed(head)) {
        machine_.tally.connects_failed++;
        return begin_close();
    }
    echo_ = std::make_unique<EchoReader>(machine_.first_bodies);
    become_ready();
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
    state_ = State::sending;
    if (request_->is_numbered()) {
        pieces_.begin(*request_, machine_.numbers.take());
    } else {
        pieces_.begin(*request_);
    }
    if (echo_ != nullptr) {
        echo_->begin(*request_);
    } else {
        answer_.begin(*request_);
    }
    arm(machine_.timeout);
    if (request_->drips()) {
        send_drop();
        return receive();
    }
    send(pieces_.next());
    // The first of an upload goes with its head.
    if (pieces_.has_more()) send(pieces_.next());
    stream_->flush();
    receive();
}

void LoadConnection::send(std::span<const std::byte> bytes) {
    // There are more buffers than a descriptor table has places.
    CHECK(stream_->output().try_copy(bytes, machine_.buffers));
    machine_.tally.bytes_out += bytes.size();
}

void LoadConnection::on_drained() {
    if (state_ != State::sending) return;
    if (!pieces_.has_more()) {
        state_ = State::awaiting;
    } else if (!request_->drips()) {
        send(pieces_.next());
        stream_->flush();
    }
}

// The next drop of a request that drips, unless the server does not even take the one before.
void LoadConnection::send_drop() {
    if (!stream_->is_sending()) {
        send(pieces_.next());
        stream_->flush();
    }
    if (pieces_.has_more()) return wait_for_pace(request_->drip.interval);
    // An early answer that is read slowly has waited for this timer.
    if (answer_.state() == AnswerReader::State::body) receive();
}

// Asks for more of the answer, after a pause if it is read slowly.
void LoadConnection::receive() {
    const bool waits =
        request_->slow_read > core::Duration{0} && answer_.state() == AnswerReader::State::body;
    if (!waits) return stream_->receive();
    // The drops of a request go first, and have the timer.
    if (!request_->drips() || !pieces_.has_more()) wait_for_pace(request_->slow_read);
}

void LoadConnection::wait_for_pace(core::Duration time) {
    machine_.timers.arm(pace_.then<&LoadConnection::on_pace>(), machine_.io.clock().now() + time);
}

void LoadConnection::on_pace() noexcept {
    if (!is_asking()) return;
    if (request_->drips() && pieces_.has_more()) return send_drop();
    // A large buffer would take in one read what is to be read slowly.
    stream_->end_bulk();
    stream_->receive();
}

// --- The answer ---------------------------------------------------------------------------------

void LoadConnection::on_bytes(core::Buffer buffer) {
    machine_.tally.bytes_in += buffer.size();
    if (state_ == State::upgrading) return take_handshake(buffer.bytes());
    if (echo_ != nullptr) return take_frames(buffer.bytes());
    if (!is_asking()) return on_stray();
    take_answer(buffer.bytes());
}

void LoadConnection::take_answer(std::span<std::byte> bytes) {
    switch (answer_.read(bytes)) {
        case AnswerReader::State::head:
        case AnswerReader::State::body:
            return receive();
        case AnswerReader::State::whole:
            return finish_answer();
        case AnswerReader::State::broken:
            return fail(*answer_.mistake());
    }
}

void LoadConnection::take_frames(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        switch (echo_->read(bytes)) {
            case EchoReader::Found::part:
                break;
            case EchoReader::Found::ping: {
                const std::string pong = echo_->pong();
                send(std::as_bytes(std::span{pong}));
                stream_->flush();
                break;
            }
            case EchoReader::Found::echo:
                finish(echo_->mistake(), After::next);
                if (!is_ready() && !is_asking()) return;
                break;
            case EchoReader::Found::stray:
                return on_stray();
            case EchoReader::Found::broken:
                return fail(*echo_->mistake());
        }
    }
    stream_->receive();
}

// Bytes that nobody asked for.
void LoadConnection::on_stray() {
    machine_.tally.stray++;
    begin_close();
}

void LoadConnection::finish_answer() {
    // Who answers before the request is whole may not read the rest of it.
    const bool goes_on = answer_.keeps_alive() && state_ == State::awaiting && !machine_.closes;
    finish(answer_.mistake(), goes_on ? After::next : After::close);
}

void LoadConnection::finish(std::optional<Mistake> mistake, After after) {
    machine_.timers.disarm(timer_);
    machine_.timers.disarm(pace_);
    state_ = State::ready;
    if (after == After::close) begin_close();
    tell(mistake);
    if (state_ == State::ready) stream_->receive();
}

void LoadConnection::tell(std::optional<Mistake> mistake) {
    const Ended ended{.request = *std::exchange(request_, nullptr),
                      .meant_for = meant_for_,
                      .mistake = mistake,
                      .backend = answer_.backend()};
    events_.on_ended(*this, ended);
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
        case State::sending:
        case State::awaiting:
            if (error.code == core::Errc::ended &&
                answer_.on_stream_end() == AnswerReader::State::whole) {
                return finish_answer();
            }
            return fail(state_ == State::sending ? Mistake::write : Mistake::read);
        case State::ready:
            machine_.tally.ended_idle++;
            return begin_close();
        case State::closed:
        case State::closing:
        case State::giving_up:
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
        case State::sending:
        case State::awaiting:
            return fail(Mistake::timeout);
        case State::ready:
        case State::closed:
            return events_.on_rested(*this);
        case State::closing:
        case State::giving_up:
            return;
    }
}

void LoadConnection::begin_close() {
    machine_.timers.disarm(timer_);
    machine_.timers.disarm(pace_);
    switch (state_) {
        case State::connecting:
        case State::upgrading:
            state_ = State::giving_up;
            break;
        case State::ready:
        case State::sending:
        case State::awaiting:
            state_ = State::closing;
            break;
        case State::closed:
        case State::closing:
        case State::giving_up:
            return;
    }
    stream_->begin_close();
}

void LoadConnection::on_closed() {
    const State was = std::exchange(state_, State::closed);
    stream_.reset();
    echo_.reset();
    machine_.open--;
    if (was == State::giving_up) return events_.on_unreachable(*this);
    events_.on_closed(*this);
}

void LoadConnection::on_released(int, core::Buffer) {
    CHECK(false);  // Nobody asked for it.
}

}  // namespace ringway::loadtest
