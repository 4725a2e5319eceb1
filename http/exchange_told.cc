// What an exchange tells of itself: to clients that debug a response or come again, and to the
// access log.
#include <algorithm>

#include "core/text_writer.h"
#include "http/exchange.h"

namespace ringway::http {

namespace {

// In milliseconds with three places, as Server-Timing has it.
void write_duration(std::string_view name, core::Duration duration, core::TextWriter& text) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0));
    text.text(name);
    text.text(";dur=");
    text.number(count / 1'000);
    text.text(".");
    text.padded(count % 1'000, 3);
}

}  // namespace

// For whoever debugs a response: that it is a backend's, and where the time went.
void Exchange::tell_how(std::uint16_t status, std::span<char> space, HeadEdits& edits) const {
    core::TextWriter proxy_status{space.first(space.size() / 2)};
    core::TextWriter server_timing{space.last(space.size() / 2)};
    if (home_.forwarding_.proxy_status) {
        proxy_status.text("ringway; received-status=");
        proxy_status.number(status);
        edits.add("Proxy-Status", proxy_status.written());
    }
    if (home_.forwarding_.server_timing) {
        write_duration("connect", connected_ - began_, server_timing);
        write_duration(", first_byte", answered_ - connected_, server_timing);
        edits.add("Server-Timing", server_timing.written());
    }
}

// By which the client's next request finds the same backend.
void Exchange::set_cookie(std::span<char> space, HeadEdits& edits) const {
    if (sets_cookie_) edits.add("Set-Cookie", home_.upstreams_.write_cookie(backend_, space));
}

void Exchange::log(Reason reason) {
    char space[RequestId::text_bytes];
    const bool was_connected = connected_ != core::Instant{};
    const bool was_answered = answered_ != core::Instant{};
    home_.context_.access_log->on_finish(
        {.head = request_.empty() ? nullptr : &request_.head(),
         .request_id = request_id(space),
         .client = client_->peer(),
         .reason = reason,
         .status = status_ != 0 ? status_ : status_of(reason),
         .bytes_in = request_body_bytes_,
         .bytes_out = response_body_bytes_,
         .backend = attempts_ > 0 ? home_.upstreams_.backend_name(backend_) : std::string_view{},
         .attempts = attempts_,
         .upstream_was_reused = upstream_is_reused_,
         .not_retried = not_retried_,
         .failure = failure_,
         .connect = was_connected ? connected_ - began_ : core::Duration{},
         .first_byte = was_answered ? answered_ - connected_ : core::Duration{},
         .total = home_.context_.now() - began_});
}

}  // namespace ringway::http
