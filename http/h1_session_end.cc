// How a session's connection ends: refused, drained, lingering, timed out, cut. How requests are
// read and answers written is in h1_session.cc.
#include <algorithm>
#include <utility>

#include "http/h1_session.h"
#include "http/own_answer.h"

namespace ringway::http {

namespace {

// Without a byte, for a client that we have told the end.
constexpr core::Duration linger_gap_max = std::chrono::seconds(1);
// For one that is still sending: a segment that was lost is sent again after a second, and when
// that one is lost, too, after two more (RFC 6298).
constexpr core::Duration linger_gap_max_while_sending = std::chrono::seconds(5);
// For the next request of an idle connection, when the shard shuts down.
constexpr core::Duration drain_grace = std::chrono::milliseconds(500);

constexpr core::Error cut_by_us{
    .code = core::Errc::canceled, .side = core::Side::us, .what = "ringway ended the connection"};

constexpr core::Error out_of_memory{
    .code = core::Errc::no_memory, .side = core::Side::us, .what = "the pools were dry"};

}  // namespace

void H1Session::refuse(Refusal refusal, std::string_view came) {
    context_.counters.requests_refused.add();
    const RequestIdText id = sink_ == nullptr
                                 ? log_refusal(reason_of(refusal), came)
                                 : std::exchange(sink_, nullptr)->on_request_refused(refusal);
    pending_.clear();
    // Where a request ends is in doubt from here on; nothing further on this connection is one.
    body_ = BodyReader{Framing::until_close, 0};
    if (head_was_sent_ && state_ == State::answering) return begin_close(cut_by_us);
    context_.counters.answers_own.add();
    stream_.output().push(write_own_answer(
        context_, {.reason = reason_of(refusal), .request_id = id.view()}, ConnectionField::close));
    end_after_output();
}

// Nobody was asked to answer it, so nobody else tells of it.
RequestIdText H1Session::log_refusal(Reason reason, std::string_view came) {
    char space[RequestId::text_bytes];
    const RequestIdText id{RequestId::draw(context_.prng).text(space)};
    context_.counters.of(reason).add();
    if (context_.access_log != nullptr) {
        context_.access_log->on_finish(
            {.first_line = came.substr(0, came.find_first_of("\r\n")),
             .request_id = id.view(),
             .client = peer(),
             .reason = reason,
             .status = status_of(reason),
             .bytes_out = own_body_bytes(context_, {.reason = reason, .request_id = id.view()})});
    }
    return id;
}

// May be called from within a call of the sink's, so the sink is told only when the stream closed.
void H1Session::refuse_for_memory() {
    if (state_ == State::closing) return;
    context_.counters.memory_refusals.add();
    const bool is_cut = has_cut_answer();
    state_ = State::closing;
    context_.timers.disarm(timer_);
    pending_.clear();
    is_cut ? stream_.begin_reset() : stream_.begin_close();
}

void H1Session::end_after_output() {
    state_ = State::draining;
    goes_on_ = !pending_.empty() || stream_.has_unread();
    pending_.clear();
    arm_timer(context_.settings.client.send_timeout);
    // Both ways in which a drained connection goes on end our side at once.
    stream_.flush_last();
    if (stream_.output().empty()) on_drained();
}

void H1Session::on_drained() {
    progress_.forget();
    if (state_ == State::draining) {
        // When the client is not done sending, closing now would reset the connection, and the
        // reset would take our answer with it (RFC 9112, 9.6). Only who asked for the end is done.
        if (body_.has_ended() && !request_keep_alive_ && !goes_on_) return begin_close(cut_by_us);
        return begin_linger();
    }
    if (state_ == State::releasing) return stream_.begin_release();
    if (sink_ != nullptr) return sink_->on_client_drained();
    if (state_ == State::waiting || state_ == State::head) go_on();
}

// A client that is still sending when it is answered looks for the answer only when it has sent
// all.
void H1Session::begin_linger() {
    state_ = State::lingering;
    body_rate_.begin(context_.now());
    arm_timer(linger_gap());
    stream_.end_output();
    stream_.receive();
}

void H1Session::linger_on() {
    const core::Duration left =
        body_rate_.left_of(context_.settings.client.linger_timeout, context_.now());
    if (left.count() == 0) return begin_close(cut_by_us);
    arm_timer(std::min(linger_gap(), left));
    stream_.receive();
}

core::Duration H1Session::linger_gap() const {
    const bool has_sent_all = body_.has_ended() && !goes_on_;
    return std::min(has_sent_all ? linger_gap_max : linger_gap_max_while_sending,
                    context_.settings.client.linger_timeout);
}

void H1Session::on_stream_failed(const core::Error& error) {
    if (sink_ != nullptr) context_.counters.clients_gone.add();
    begin_close(error);
}

void H1Session::begin_drain() {
    is_draining_ = true;
    // Its next request may be on its way already, and would be lost to a close. It is answered, and
    // told that it was the last.
    if (state_ == State::waiting) arm_timer(drain_grace);
}

// No request came in time.
void H1Session::end_idle() {
    if (!is_draining_) return stream_.is_sending() ? look_for_progress() : begin_close(cut_by_us);
    // Its last answer may still be on its way to the kernel, or to the client.
    if (!stream_.output().empty()) return end_after_output();
    begin_linger();
}

void H1Session::begin_close(const core::Error& error) {
    if (state_ == State::closing) return;
    const bool is_cut = has_cut_answer();
    state_ = State::closing;
    context_.timers.disarm(timer_);
    pending_.clear();
    lose_tunnel();
    if (sink_ != nullptr) std::exchange(sink_, nullptr)->on_client_gone(error);
    is_cut ? stream_.begin_reset() : stream_.begin_close();
}

// What has no length and no last chunk looks whole when it merely ends.
bool H1Session::has_cut_answer() const {
    return response_framing_ == Framing::until_close &&
           (state_ == State::answering || !stream_.output().empty());
}

void H1Session::on_closed() {
    lose_tunnel();
    if (sink_ != nullptr) std::exchange(sink_, nullptr)->on_client_gone(out_of_memory);
    owner_.on_session_closed(*this);
}

void H1Session::on_timeout() noexcept {
    switch (state_) {
        case State::head:
            context_.counters.client_timeouts.add();
            return refuse(Refusal::request_timeout, pending_.text());
        case State::answering:
            if (!body_.has_ended() && stream_.is_receiving()) {
                context_.counters.client_timeouts.add();
                return refuse(Refusal::request_timeout);
            }
            if (body_.has_ended() && pending_.empty()) stream_.receive();
            return look_for_progress();
        case State::waiting:
            return end_idle();
        case State::releasing:
        case State::draining:
            // The last answer may still be on its way to a client that reads slowly.
            if (stream_.is_sending()) return look_for_progress();
            return begin_close(cut_by_us);
        case State::lingering:
            return begin_close(cut_by_us);
        case State::closing:
            return;
    }
}

void H1Session::end_if_stalled() {
    if (state_ != State::closing && stream_.is_sending()) look_for_progress();
}

void H1Session::look_for_progress() {
    // The end of a broken connection is received too, and may wait for a buffer for ever.
    if (!stream_.can_send()) {
        return on_stream_failed({.code = core::Errc::reset,
                                 .side = core::Side::client,
                                 .what = "the client takes no more"});
    }
    if (progress_.has_stalled(stream_, context_.now(), context_.settings.client.rate_min)) {
        context_.counters.client_timeouts.add();
        return begin_close({.code = core::Errc::timed_out,
                            .side = core::Side::client,
                            .what = "the client does not read"});
    }
    arm_timer(context_.settings.client.send_timeout);
}

}  // namespace ringway::http
