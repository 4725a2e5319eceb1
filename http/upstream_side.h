// What an Exchange asks of the connection to a backend that it was lent, and what it hears from
// it. The mirror image of client_side.h: HTTP/1 clients implement it per connection, HTTP/2 per
// stream. Order of calls for one exchange:
//
//     send_head → send_body* → [send_trailers] → end_request      and at any time      abort
//
// Heard: on_response_head (interim)* → on_response_head (final) → on_response_body* →
// [on_response_trailers] → on_response_end, or on_upstream_failed at any point; after either of the
// last two, or after abort, the upstream side is its pool's again and nothing more is heard.
#pragma once

#include <cstddef>

#include "core/buffer_pool.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/result.h"
#include "http/message.h"
#include "http/upgrade.h"

namespace ringway::http {

class ResponseSink {
public:
    // The head is a view that dies when this returns.
    virtual void on_response_head(const ResponseHead& head) = 0;
    virtual void on_response_body(core::Buffer bytes) = 0;
    // Lines as in trailers.h. Heard when there are any; who has no use for them lets them go.
    virtual void on_response_trailers([[maybe_unused]] core::Buffer lines) {}
    // All that has arrived so far was delivered: time to flush.
    virtual void on_response_pause() = 0;
    virtual void on_response_end() = 0;
    // Everything sent so far has left for the kernel.
    virtual void on_upstream_drained() = 0;
    virtual void on_upstream_failed(const core::Error& error) = 0;

protected:
    ~ResponseSink() = default;
};

class UpstreamSide {
public:
    // Within which the first byte of the response must come, instead of the group's time-out: when
    // it does not, the error says that the request may be tried again. Before send_head.
    virtual void set_try_timeout(core::Duration timeout) = 0;
    virtual void send_head(const RequestHead& head, const HeadEdits& edits) = 0;
    virtual void send_body(core::Buffer bytes) = 0;
    // Lines as in trailers.h. Dropped where the framing of the body has no place for them.
    virtual void send_trailers(core::Buffer lines) = 0;
    virtual void flush() = 0;
    // The request is whole; flushes.
    virtual void end_request() = 0;
    // No more is wanted of this exchange. Nothing is heard afterwards.
    virtual void abort() = 0;

    // After a 101: the connection is the tunnel's. Nothing is heard afterwards.
    virtual void release_to(TunnelEnds& tunnel) = 0;

    // The exchange can take `bytes` of the response body from now on, whatever it said before. None
    // is asked for before that.
    virtual void allow(std::size_t bytes) = 0;

protected:
    ~UpstreamSide() = default;
};

}  // namespace ringway::http
