// How a backend's connection ends, or is given away: failed, timed out, stalled, closed, released.
// How requests are written and responses read is in h1_client.cc.
#include <utility>

#include "http/h1_client.h"

namespace ringway::http {

core::Error H1Client::upstream_error(core::Errc code, core::Retry retry, const char* what) {
    return {.code = code, .side = core::Side::upstream, .retry = retry, .what = what};
}

void H1Client::on_stream_failed(const core::Error& error) {
    switch (state_) {
        case State::connecting:
            end();
            return owner_.on_client_unreachable(*this, error);
        case State::reading_body:
            if (error.code == core::Errc::ended && body_.on_stream_end()) return end_response();
            return fail(upstream_error(error.code, core::Retry::never, "cut in its response"));
        case State::awaiting_head:
            // Nobody was told anything yet that a whole response could not follow.
            if (response_began_) {
                return fail(upstream_error(error.code, core::Retry::if_idempotent,
                                           "cut in the head of its response"));
            }
            return lose_server(error);
        case State::idle:
            was_ended_by_server_ = error.code == core::Errc::ended;
            return end();
        case State::releasing:
            return end();
        case State::unused:
        case State::closing:
            return;
    }
}

void H1Client::lose_server(const core::Error& error) {
    const bool is_unread = error.code == core::Errc::ended && was_never_read();
    // What it has not taken by now it shall not find later, for it goes to another.
    if (is_unread) stream_.begin_reset();
    fail(upstream_error(error.code, is_unread ? core::Retry::yes : core::Retry::if_reused,
                        "gone before it answered"));
}

// An orderly end, and not one byte of the request acknowledged: it crossed the server's FIN and no
// program there has seen it. A reset proves nothing, for it may follow what was read.
bool H1Client::was_never_read() const {
    return request_bytes_ > 0 && context_.io.unacknowledged(stream_.fd()) >= request_bytes_;
}

void H1Client::fail(const core::Error& error) {
    ResponseSink& sink = *std::exchange(sink_, nullptr);
    end();
    sink.on_upstream_failed(error);
}

void H1Client::release_to(TunnelEnds& tunnel) {
    CHECK(sink_ != nullptr);
    sink_ = nullptr;
    state_ = State::releasing;
    tunnel_ = &tunnel;
    arm_timer(timeouts_.between_bytes);
    release_if_drained();
}

void H1Client::release_if_drained() {
    if (stream_.output().empty()) stream_.begin_release();
}

// Bytes of the new protocol that came right behind the 101, while the release is under way.
void H1Client::keep_early(core::Buffer bytes) {
    if (bytes && bytes.size() > 0 && !pending_.append(context_, std::move(bytes))) {
        context_.counters.memory_refusals.add();
    }
}

void H1Client::on_released(int fd, core::Buffer bytes) {
    context_.timers.disarm(timer_);
    keep_early(std::move(bytes));
    core::Buffer early = pending_.empty() ? core::Buffer{} : pending_.take();
    state_ = State::closing;
    std::exchange(tunnel_, nullptr)->on_upstream_released(fd, std::move(early));
    owner_.on_client_ending(*this);
    owner_.on_client_closed(*this);
}

void H1Client::abort() {
    if (sink_ == nullptr) return;
    sink_ = nullptr;
    end();
}

void H1Client::begin_close() {
    if (sink_ != nullptr) {
        return fail({.code = core::Errc::canceled,
                     .side = core::Side::us,
                     .what = "ringway ended the connection"});
    }
    end();
}

void H1Client::end() {
    const State before = std::exchange(state_, State::closing);
    if (before == State::closing) return;
    context_.timers.disarm(timer_);
    pending_.clear();
    if (tunnel_ != nullptr) std::exchange(tunnel_, nullptr)->on_upstream_lost();
    stream_.begin_close();
    if (before != State::connecting && before != State::unused) owner_.on_client_ending(*this);
}

void H1Client::on_closed() {
    owner_.on_client_closed(*this);
}

void H1Client::end_if_stalled() {
    if (sink_ == nullptr || !progress_.has_stalled(stream_, context_.now())) return;
    context_.counters.upstream_timeouts.add();
    fail(upstream_error(core::Errc::timed_out, core::Retry::never, "takes nothing of its request"));
}

void H1Client::on_timeout() noexcept {
    switch (state_) {
        case State::connecting:
            end();
            return owner_.on_client_unreachable(*this,
                                                {.code = core::Errc::timed_out,
                                                 .side = core::Side::upstream,
                                                 .retry = core::Retry::yes,
                                                 .what = "no connection within timeout.connect"});
        case State::awaiting_head:
            if (request_is_lost_) return fail_for_memory();
            // The clock of the first byte runs from when the request has left; until then it is
            // enough that its bytes move. Where they cannot leave any more none do, though the end
            // of the connection may have to wait for a buffer to be received.
            if ((!request_ended_ || stream_.is_sending()) && stream_.can_send() &&
                !progress_.has_stalled(stream_, context_.now())) {
                return arm_timer(first_byte_timeout());
            }
            [[fallthrough]];
        case State::reading_body:
            if (request_is_lost_) return fail_for_memory();
            // Nothing is asked of a backend while the client does not take what it sent.
            if (is_held_) {
                return arm_timer(timeouts_.between_bytes);
            }
            return fail_for_time();
        case State::idle:
        case State::releasing:
            return end();
        case State::unused:
        case State::closing:
            return;
    }
}

void H1Client::fail_for_memory() {
    fail({.code = core::Errc::no_buffers, .what = "no memory for the request"});
}

void H1Client::fail_for_time() {
    context_.counters.upstream_timeouts.add();
    if (response_began_) {
        return fail(upstream_error(core::Errc::timed_out, core::Retry::never,
                                   "stopped within its response"));
    }
    if (try_timeout_.count() > 0) {
        return fail(upstream_error(core::Errc::timed_out, core::Retry::if_reused,
                                   "no answer within retry.per_try_timeout"));
    }
    fail(upstream_error(core::Errc::timed_out, core::Retry::never,
                        "no answer within timeout.first_byte"));
}

}  // namespace ringway::http
