// What a RequestSink (an Exchange, the mock origin …) asks of the connection its request came on.
// HTTP/1 and HTTP/2 sessions implement it, one object per request in progress; the sink sees
// neither sockets nor framing. Order of calls for one request:
//
//     send_head (interim)* → send_head (final) → send_body* → [send_trailers] → finish      or
//     abort
//
// Nothing goes out before `flush`, so a head and the body that is already there leave together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/buffer_pool.h"
#include "core/packed_address.h"
#include "core/result.h"
#include "http/message.h"
#include "http/reason.h"
#include "http/upgrade.h"

namespace ringway::http {

// How a request came in: by which listener. Shared by all its connections.
struct Arrival {
    std::string_view scheme = "http";
    std::string_view port;  // Of the listener, as text; empty for UNIX sockets.
};

// An answer made here rather than by a backend, with a small plain body that carries the reason
// word of the contract.
struct Reply {
    Reason reason = Reason::no_route;
    std::string_view request_id = {};
    bool has_body = true;  // A HEAD request is answered without.
    bool prefers_json = false;

    std::uint16_t status() const { return status_of(reason); }
};

class ClientSide {
public:
    virtual void send_head(const ResponseHead& head, const HeadEdits& edits) = 0;
    virtual void send_body(core::Buffer bytes) = 0;
    // Lines as in trailers.h. Dropped where the framing of the body has no place for them.
    virtual void send_trailers(core::Buffer lines) = 0;
    // A whole response in one call; finishes. REQUIRES: no final head was sent.
    virtual void reply(const Reply& reply) = 0;
    // Everything sent so far may go.
    virtual void flush() = 0;
    // The response is whole; flushes. The client side is the session's again.
    virtual void finish() = 0;
    // The response cannot be completed: the client must see that (a cut connection, a reset
    // stream). The client side is the session's again.
    virtual void abort(const core::Error& error) = 0;

    // What was sent goes out; then the connection is the tunnel's, and the client side no longer
    // the sink's. REQUIRES: a 101 was sent.
    virtual void release_to(TunnelEnds& tunnel) = 0;

    // The sink can take `bytes` more of the request body; `everything` is all there will be.
    static constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();
    virtual void grant(std::size_t bytes) = 0;
    // Bytes not yet taken by the kernel.
    virtual std::size_t backlog() const = 0;

    virtual const core::PackedAddress& peer() = 0;
    virtual const Arrival& arrival() const = 0;

protected:
    ~ClientSide() = default;
};

}  // namespace ringway::http
