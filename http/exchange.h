// The life of one request and its response, from head to `finish`, as named phases. exchange.cc
// has them in the order in which they happen; read it from top to bottom.
//
// An Exchange knows neither sockets nor HTTP versions: it talks to the two sides it stands between
// (client_side.h, upstream_side.h) and to whoever hands out backends (upstreams.h). Bodies stream
// through it in both directions at once, within a window each way (`Context::body_window`); what
// one side has not taken is not asked of the other.
//
// Made by `Exchanges` for each request, in a slab of the shard's. Every path ends in exactly one
// `finish`, which destroys it: after a call that may end it, nothing of it is touched.
#pragma once

#include <cstdint>
#include <optional>

#include "core/byte_queue.h"
#include "core/slab.h"
#include "core/timer_wheel.h"
#include "http/absent_client.h"
#include "http/client_side.h"
#include "http/context.h"
#include "http/failed_backends.h"
#include "http/forwarding.h"
#include "http/head_arena.h"
#include "http/not_retried.h"
#include "http/request_id.h"
#include "http/request_sink.h"
#include "http/retry_budget.h"
#include "http/router.h"
#include "http/upstream_side.h"
#include "http/upstreams.h"

namespace ringway::http {

class Exchanges;

class Exchange final : public RequestSink, private ResponseSink, private UpstreamWaiter {
public:
    enum class State : std::uint8_t {
        begun,      // Nothing has been asked of anybody.
        choosing,   // Waiting for a connection to a backend.
        asking,     // The request is on its way; no final response head has come.
        answering,  // The response is on its way to the client: no way back.
        finished,
    };

    Exchange(Exchanges& home, ClientSide& client);
    ~Exchange();

    void begin(const RequestHead& head);
    void end_if_absent();
    State state() const { return state_; }

private:
    // The phases, in order.
    void match_route();
    void admit();
    void choose_backend();
    void on_upstream_ready(const Pick& pick) override;
    void on_upstream_unavailable(const Unavailable& why) override;
    bool may_go_elsewhere(const Unavailable& why) const;
    void send_request_head();
    void pump_request_body();
    void end_upstream_request();
    void on_response_head(const ResponseHead& head) override;
    void on_response_body(core::Buffer bytes) override;
    void on_response_trailers(core::Buffer lines) override;
    void on_response_pause() override;
    void allow_response();
    void on_response_end() override;
    void fail(const core::Error& error);
    bool was_stale(const core::Error& error) const;
    Stage stage() const;
    NotRetried against_retry(const core::Error& error);
    NotRetried against_another_try();
    bool has_attempts_left() const;
    bool is_repeatable() const;
    bool wants_retry_for(std::uint16_t status);
    void retry();
    bool is_over_limit(std::uint64_t body_bytes) const;
    void switch_protocol(const ResponseHead& head);
    void hold(const core::Buffer& bytes);
    // Where the values of a ForwardingContext are written that nobody else keeps.
    struct ForwardingText {
        char client_host[core::PackedAddress::text_max];
        char request_id[RequestId::text_bytes];
    };
    ForwardingContext forwarding_context(ForwardingText& text) const;
    void tell_how(std::uint16_t status, std::span<char> space, HeadEdits& edits) const;
    void set_cookie(std::span<char> space, HeadEdits& edits) const;
    void give_up(Reason reason, const core::Error& error);
    void reply_with(Reason reason);
    void on_deadline() noexcept;
    std::string_view request_id(std::span<char, RequestId::text_bytes> space) const;
    // Who is to hear of the end: an absent client goes with the exchange.
    ClientSide& finish(Reason reason);
    void log(Reason reason);

    // What the client side tells.
    void on_request_body(core::Buffer bytes) override;
    void on_request_trailers(core::Buffer lines) override;
    void on_request_pause() override;
    void on_request_end() override;
    void on_client_drained() override;
    void on_client_gone(const core::Error& error) override;
    RequestIdText on_request_refused(Refusal refusal) override;
    bool may_outlive_client() const;
    void leave(Reason reason);
    void leave_upstream();

    // What the upstream side tells besides.
    void on_upstream_drained() override;
    void on_upstream_failed(const core::Error& error) override;

    // Set at construction.
    Exchanges& home_;
    ClientSide* client_;

    State state_ = State::begun;
    HeadArena request_;  // The head, until the response's comes: an attempt may fail.
    const Route* route_ = nullptr;
    core::TimerOf<Exchange> deadline_{*this};  // Of all tries together, when there is one.
    RequestId made_id_;                        // For a request that brings none.
    core::Instant began_;

    // While a backend is asked.
    UpstreamSide* upstream_ = nullptr;
    core::BackendId backend_;
    std::uint32_t attempts_ = 0;  // Asked for; one that replaced a stale one is not counted again.
    std::uint32_t refusals_ = 0;  // Of those: refused, and another backend could be asked.
    FailedBackends failed_;
    const char* failure_ = "";  // That was the last word.
    core::Instant connected_;
    core::Instant answered_;  // When the final head came.
    std::uint16_t status_ = 0;
    NotRetried not_retried_ = NotRetried::none;
    bool upstream_is_reused_ = false;
    bool sets_cookie_ = false;
    bool drops_trailers_ = false;  // Of the response.
    bool asks_upgrade_ = false;
    bool wants_fresh_ = false;  // A pooled connection proved stale.

    // Bodies under way.
    core::ByteQueue request_body_;          // Arrived before there was anyone to send it to.
    core::Buffer request_trailers_;         // Arrived, and not yet sent.
    std::uint64_t request_body_bytes_ = 0;  // Arrived.
    std::uint64_t response_body_bytes_ = 0;
    std::size_t request_granted_ = 0;
    core::Buffer held_body_;              // A copy of what has arrived of it, in case of a retry.
    bool request_body_was_sent_ = false;  // Some of it left: only a held one can be repeated.
    bool request_ended_ = false;

    std::optional<AbsentClient> absent_;  // Once the client has gone: `client_` is this.
};

// The exchanges of a shard; to its sessions, the one who answers requests.
class Exchanges final : public RequestSinks {
public:
    struct Options {
        std::uint32_t count_max;
        const Router& router;
        Upstreams& upstreams;
        Tunnels& tunnels;
        const ForwardingSettings& forwarding;
        std::vector<RetryBudget> budgets;  // By group.
    };
    Exchanges(Context& context, const Options& options);

    // Bodies up to this are held until the response begins, so that they can be sent again.
    static constexpr std::size_t held_body_bytes_max = 16'384;

    RequestSink* begin(ClientSide& client, const RequestHead& head) override;
    // From now on none outlives its client, and those that have end.
    void end_abandoned();
    std::uint32_t size() const { return slab_.size(); }

private:
    friend class Exchange;

    Context& context_;
    const Router& router_;
    Upstreams& upstreams_;
    Tunnels& tunnels_;
    const ForwardingSettings& forwarding_;
    std::vector<RetryBudget> budgets_;
    std::uint32_t abandoned_max_;
    std::uint32_t abandoned_ = 0;  // Those that go on without their client.
    AbsentClient nobody_;          // Hears of their end.
    core::Slab<Exchange> slab_;
};

}  // namespace ringway::http
