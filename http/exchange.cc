#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/accept.h"
#include "http/h1_client.h"
#include "http/own_answer.h"
#include "http/sticky_cookie.h"
#include "http/trailers.h"

namespace ringway::http {

namespace {

constexpr std::string_view via = "1.1 ringway";
// Of Proxy-Status and Server-Timing together.
constexpr std::size_t told_bytes_max = 128;
constexpr Arrival nowhere;

}  // namespace

Exchanges::Exchanges(Context& context, const Options& options)
    : context_(context),
      router_(options.router),
      upstreams_(options.upstreams),
      tunnels_(options.tunnels),
      forwarding_(options.forwarding),
      budgets_(options.budgets),
      abandoned_max_(std::max(options.count_max / 8, 1U)),
      nobody_({.peer = {}, .arrival = nowhere, .reason = Reason::client_gone}),
      slab_(options.count_max + abandoned_max_) {}

RequestSink* Exchanges::begin(ClientSide& client, const RequestHead& head) {
    Exchange* exchange = slab_.try_create(*this, client);
    // There is one for every connection there may be, and for all that outlive theirs, so a full
    // slab is a broken sum.
    CHECK(exchange != nullptr);
    const core::SlotRef ref = slab_.ref_of(*exchange);
    exchange->begin(head);
    return slab_.find(ref);  // It may have replied and finished.
}

void Exchanges::end_abandoned() {
    abandoned_max_ = 0;
    slab_.for_each([](Exchange& exchange) { exchange.end_if_absent(); });
}

Exchange::Exchange(Exchanges& home, ClientSide& client) : home_(home), client_(&client) {}

Exchange::~Exchange() {
    CHECK(state_ == State::finished);
}

// --- 2. The request has come --------------------------------------------------------------------

void Exchange::begin(const RequestHead& head) {
    began_ = home_.context_.now();
    if (request_id_in(head).empty()) made_id_ = RequestId::draw(home_.context_.prng);
    if (!request_.keep(home_.context_, head)) return reply_with(Reason::no_memory);
    match_route();
}

void Exchange::match_route() {
    route_ = home_.router_.match(request_.head());
    if (route_ == nullptr) return reply_with(Reason::no_route);
    home_.budgets_[route_->group.value].on_request(home_.context_.now());
    admit();
}

// What may not go further ends here. The backend of the rest is chosen once the bytes that came
// with the head are in, so that a short request goes out whole, with one send.
void Exchange::admit() {
    const RequestHead& head = request_.head();
    if (is_over_limit(head.content_length)) return reply_with(Reason::body_over_limit);
    asks_upgrade_ = !upgrade_asked(head, route_->upgrades).empty();
    // Its end and the new protocol's beginning would be in doubt.
    if (asks_upgrade_ && head.framing != Framing::none &&
        (head.framing != Framing::length || head.content_length > 0)) {
        return reply_with(Reason::upgrade_with_body);
    }
}

bool Exchange::is_over_limit(std::uint64_t body_bytes) const {
    const std::uint64_t most = home_.context_.settings.request_body_bytes_max;
    return most != 0 && body_bytes > most;
}

void Exchange::on_request_body(core::Buffer bytes) {
    request_granted_ -= std::min(request_granted_, bytes.size());
    if (state_ != State::answering) hold(bytes);
    request_body_bytes_ += bytes.size();
    // One in chunks: its length was not said before. The backend loses its connection, so that it
    // never takes what it has for the whole.
    if (is_over_limit(request_body_bytes_)) {
        leave_upstream();
        return give_up(Reason::body_over_limit, {.code = core::Errc::over_limit,
                                                 .side = core::Side::client,
                                                 .what = "a body over limits.body_bytes"});
    }
    if (upstream_ == nullptr) return request_body_.push(std::move(bytes));
    request_body_was_sent_ = true;
    upstream_->send_body(std::move(bytes));
}

// A short body is kept until its answer begins: a stale connection may swallow it. The copy costs
// less than a tenth of what sending it does.
void Exchange::hold(const core::Buffer& bytes) {
    const RequestHead& head = request_.head();
    if (head.framing != Framing::length) return;
    if (head.content_length > Exchanges::held_body_bytes_max) return;
    if (request_body_bytes_ == 0 && home_.context_.has_buffers_to_spare()) {
        held_body_ = home_.context_.take_buffer(static_cast<std::size_t>(head.content_length));
    }
    // Without room for its beginning the rest is of no use.
    if (held_body_) held_body_.append(bytes.bytes());
}

void Exchange::on_request_trailers(core::Buffer lines) {
    if (lists_fields(request_.head())) return;
    drop_forbidden_trailers(lines);
    if (lines.size() > 0) request_trailers_ = std::move(lines);
}

void Exchange::on_request_pause() {
    if (state_ == State::begun) return choose_backend();
    if (upstream_ != nullptr) upstream_->flush();
}

void Exchange::on_request_end() {
    request_ended_ = true;
    if (state_ == State::begun) return choose_backend();
    if (upstream_ != nullptr) end_upstream_request();
}

// --- 3. Who answers it --------------------------------------------------------------------------

void Exchange::choose_backend() {
    if (state_ == State::begun && route_->total_timeout.count() > 0) {
        home_.context_.timers.arm(deadline_.then<&Exchange::on_deadline>(),
                                  home_.context_.now() + route_->total_timeout);
    }
    state_ = State::choosing;
    attempts_++;
    const RequestHead& head = request_.head();
    home_.upstreams_.acquire({.group = route_->group,
                              .method = head.method,
                              .is_idempotent = head.is_idempotent(),
                              .failed = failed_.all(),
                              .fresh_only = wants_fresh_,
                              .head = &head,
                              .client = &client_->peer()},
                             *this, *this);
}

void Exchange::on_upstream_ready(const Pick& pick) {
    CHECK(state_ == State::choosing);
    upstream_ = pick.upstream;
    backend_ = pick.backend;
    upstream_is_reused_ = pick.is_reused;
    sets_cookie_ = pick.sets_cookie;
    connected_ = home_.context_.now();
    send_request_head();
}

void Exchange::on_upstream_unavailable(const Unavailable& why) {
    CHECK(state_ == State::choosing);
    backend_ = why.backend;
    upstream_is_reused_ = false;
    if (why.error.code != core::Errc::unavailable) failed_.add(backend_);
    if (!may_go_elsewhere(why)) return fail(why.error);
    refusals_++;
    retry();
}

// --- 4. The request goes out, the response comes back -------------------------------------------

void Exchange::send_request_head() {
    state_ = State::asking;
    upstream_->allow(home_.context_.body_window(core::Pool::upstream));
    const RequestHead& head = request_.head();
    ForwardingText text;
    std::array<char, forwarding_arena_bytes> arena;
    HeadEdits edits;
    edit_request(head, forwarding_context(text), home_.forwarding_, arena, edits);
    if (const std::string_view token = upgrade_asked(head, route_->upgrades); asks_upgrade_) {
        edits.add("Connection", "upgrade");
        edits.add("Upgrade", token);
        edits.asks_upgrade = true;
    }
    if (route_->retry->per_try_timeout.count() > 0 && head.is_idempotent() && has_attempts_left()) {
        upstream_->set_try_timeout(route_->retry->per_try_timeout);
    }
    upstream_->send_head(head, edits);
    pump_request_body();
}

void Exchange::pump_request_body() {
    while (!request_body_.empty()) {
        request_body_was_sent_ = true;
        upstream_->send_body(request_body_.pop());
    }
    if (request_ended_) return end_upstream_request();
    upstream_->flush();
    const std::size_t window = home_.context_.body_window(core::Pool::client);
    if (request_granted_ < window) {
        client_->grant(window - std::exchange(request_granted_, window));
    }
}

void Exchange::end_upstream_request() {
    if (request_trailers_) {
        request_body_was_sent_ = true;
        upstream_->send_trailers(std::move(request_trailers_));
    }
    upstream_->end_request();
}

void Exchange::on_upstream_drained() {
    if (!request_ended_) pump_request_body();
}

void Exchange::on_response_head(const ResponseHead& head) {
    if (wants_retry_for(head.status)) {
        std::exchange(upstream_, nullptr)->abort();
        failed_.add(backend_);
        return retry();
    }
    if (head.status == 101) return switch_protocol(head);
    HeadEdits edits;
    edit_response(head, {.via = via}, home_.forwarding_, edits);
    std::array<char, told_bytes_max> told;
    std::array<char, StickyCookie::text_max> cookie;
    if (!head.is_interim()) {
        answered_ = home_.context_.now();
        tell_how(head.status, told, edits);
        set_cookie(cookie, edits);
    }
    client_->send_head(head, edits);
    if (head.is_interim()) return;
    state_ = State::answering;
    drops_trailers_ = head.framing == Framing::chunked && lists_fields(head);
    if (!absent_) status_ = head.status;
    held_body_.reset();
}

// Both connections leave HTTP: what they speak now is between their ends.
void Exchange::switch_protocol(const ResponseHead& head) {
    const std::string_view asked = upgrade_asked(request_.head(), route_->upgrades);
    TunnelEnds* tunnel =
        is_upgrade_agreed(head, asked) ? home_.tunnels_.try_open(backend_) : nullptr;
    if (tunnel == nullptr) {
        std::exchange(upstream_, nullptr)->abort();
        return reply_with(is_upgrade_agreed(head, asked) ? Reason::no_tunnel
                                                         : Reason::upstream_malformed);
    }
    HeadEdits edits;
    edit_response(head, {.via = via}, home_.forwarding_, edits);
    edits.add("Connection", "upgrade");
    edits.add("Upgrade", asked);
    std::array<char, StickyCookie::text_max> cookie;
    set_cookie(cookie, edits);
    client_->send_head(head, edits);
    std::exchange(upstream_, nullptr)->release_to(*tunnel);
    status_ = head.status;
    answered_ = home_.context_.now();
    finish(Reason::ok).release_to(*tunnel);
}

void Exchange::on_response_body(core::Buffer bytes) {
    response_body_bytes_ += bytes.size();
    client_->send_body(std::move(bytes));
}

void Exchange::on_response_trailers(core::Buffer lines) {
    if (drops_trailers_ || !accepts_trailers(request_.head())) return;
    drop_forbidden_trailers(lines);
    if (lines.size() > 0) client_->send_trailers(std::move(lines));
}

void Exchange::on_response_pause() {
    client_->flush();
    allow_response();
}

// As much as the client may be behind by now: how much that is changes with who else holds memory.
void Exchange::allow_response() {
    const std::size_t window = home_.context_.body_window(core::Pool::upstream);
    const std::size_t behind = client_->backlog();
    upstream_->allow(behind < window ? window - behind : 0);
}

void Exchange::on_client_drained() {
    if (upstream_ != nullptr) allow_response();
}

void Exchange::on_response_end() {
    upstream_ = nullptr;
    finish(Reason::ok).finish();
}

// --- 5. Whatever goes wrong ---------------------------------------------------------------------

void Exchange::on_upstream_failed(const core::Error& error) {
    upstream_ = nullptr;
    // A pooled connection that its backend had given up says nothing about the backend.
    if (was_stale(error)) {
        wants_fresh_ = true;
    } else {
        failed_.add(backend_);
    }
    fail(error);
}

bool Exchange::was_stale(const core::Error& error) const {
    const bool says_so = error.retry == core::Retry::if_reused || error.retry == core::Retry::yes;
    return upstream_is_reused_ && says_so && error.code != core::Errc::timed_out;
}

void Exchange::fail(const core::Error& error) {
    not_retried_ = against_retry(error);
    if (not_retried_ != NotRetried::none) {
        failure_ = error.what;
        return give_up(reason_of_upstream(error, stage()), error);
    }
    if (was_stale(error)) attempts_--;
    retry();
}

Stage Exchange::stage() const {
    if (state_ == State::answering) return Stage::answering;
    return state_ == State::choosing ? Stage::connecting : Stage::asking;
}

void Exchange::give_up(Reason reason, const core::Error& error) {
    if (state_ != State::answering) return reply_with(reason);
    finish(reason).abort(error);
}

void Exchange::reply_with(Reason reason) {
    home_.context_.counters.answers_own.add();
    if (!absent_) status_ = status_of(reason);
    const bool has_body = request_.empty() || request_.head().method != Method::head;
    const bool wants_json = !request_.empty() && prefers_json(request_.head());
    char space[RequestId::text_bytes];
    const RequestIdText id{request_id(space)};
    const Reply reply{.reason = reason,
                      .request_id = id.view(),
                      .has_body = has_body,
                      .prefers_json = wants_json};
    response_body_bytes_ = own_body_bytes(home_.context_, reply);
    finish(reason).reply(reply);
}

void Exchange::on_deadline() noexcept {
    home_.context_.counters.upstream_timeouts.add();
    leave_upstream();
    give_up(Reason::total_timeout, {.code = core::Errc::timed_out,
                                    .side = core::Side::upstream,
                                    .what = "no whole response within timeout.total"});
}

void Exchange::on_client_gone(const core::Error& error) {
    const Reason reason = reason_of_client(error);
    if (!may_outlive_client()) return leave(reason);
    home_.abandoned_++;
    home_.context_.counters.exchanges_abandoned.add();
    absent_.emplace(AbsentClient::Options{
        .peer = client_->peer(), .arrival = client_->arrival(), .reason = reason});
    client_ = &*absent_;
    if (state_ != State::answering) status_ = status_of(reason);
    on_client_drained();
}

// Only a whole request can be carried on with, and not more of them than there is room for.
bool Exchange::may_outlive_client() const {
    return route_ != nullptr && route_->client_gone == ClientGone::finish && request_ended_ &&
           state_ != State::begun && home_.abandoned_ < home_.abandoned_max_;
}

RequestIdText Exchange::on_request_refused(Refusal refusal) {
    char space[RequestId::text_bytes];
    const RequestIdText id{request_id(space)};
    if (state_ != State::answering) {
        response_body_bytes_ =
            own_body_bytes(home_.context_, {.reason = reason_of(refusal), .request_id = id.view()});
    }
    leave(reason_of(refusal));
    return id;
}

void Exchange::leave(Reason reason) {
    leave_upstream();
    finish(reason);
}

void Exchange::end_if_absent() {
    if (absent_) leave(absent_->reason());
}

void Exchange::leave_upstream() {
    if (state_ == State::choosing) home_.upstreams_.cancel(*this);
    if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->abort();
}

// --- What is told of it -------------------------------------------------------------------------

ForwardingContext Exchange::forwarding_context(ForwardingText& text) const {
    const std::string_view backend = home_.upstreams_.backend_name(backend_);
    return {.client_host = client_->peer().host_text(text.client_host),
            .scheme = client_->arrival().scheme,
            .listen_port = client_->arrival().port,
            .via = via,
            .request_id = request_id(text.request_id),
            .default_host = backend.starts_with("unix:") ? "localhost" : backend,
            .trusts_client = home_.context_.settings.trusts(client_->peer()),
            .asks_upgrade = asks_upgrade_};
}

std::string_view Exchange::request_id(std::span<char, RequestId::text_bytes> space) const {
    const std::string_view brought =
        request_.empty() ? std::string_view{} : request_id_in(request_.head());
    return brought.empty() ? made_id_.text(space) : brought;
}

// --- 6. The one end -----------------------------------------------------------------------------

ClientSide& Exchange::finish(Reason reason) {
    CHECK(state_ != State::finished);
    CHECK(upstream_ == nullptr);
    state_ = State::finished;
    ClientSide* client = client_;
    if (absent_) {
        client = &home_.nobody_;
        home_.abandoned_--;
        reason = absent_->reason();
    }
    home_.context_.timers.disarm(deadline_);
    home_.context_.counters.exchanges_finished.add();
    home_.context_.counters.of(reason).add();
    if (home_.context_.access_log != nullptr) log(reason);
    home_.slab_.destroy(*this);
    return *client;
}

}  // namespace ringway::http
