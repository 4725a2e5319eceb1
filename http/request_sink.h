// Who answers a request: an Exchange that proxies it, the mock origin, a fixed answer, later the
// admin page. A session parses a head and asks `RequestSinks::begin` for the sink; from then on
// the session tells the sink what arrives (first what came with the head, then a pause or the
// end) and the sink tells the session (client_side.h) what to send. All calls come on the shard's
// thread. A sink belongs to whoever made it; it lets go of the client side with
// `ClientSide::finish` or on `on_client_gone`, whichever is first.
#pragma once

#include "core/buffer_pool.h"
#include "core/result.h"
#include "http/client_side.h"
#include "http/h1_parser.h"
#include "http/message.h"
#include "http/request_id.h"

namespace ringway::http {

class RequestSink {
public:
    // Plain body bytes, within what was granted (the bytes that came with the head are always
    // granted).
    virtual void on_request_body(core::Buffer bytes) = 0;
    // Lines as in trailers.h. Heard when there are any; who has no use for them lets them go.
    virtual void on_request_trailers([[maybe_unused]] core::Buffer lines) {}
    // All that has arrived so far was delivered, and it is not the end.
    virtual void on_request_pause() = 0;
    // Heard for every request, also one without a body.
    virtual void on_request_end() = 0;
    // Everything sent so far has left for the kernel.
    virtual void on_client_drained() = 0;
    // The client went away. The client side must not be used afterwards, not even to finish.
    virtual void on_client_gone(const core::Error& error) = 0;
    // The same, when what came of the body was refused; the client is answered by its session, with
    // the id that this returns.
    virtual RequestIdText on_request_refused([[maybe_unused]] Refusal refusal) {
        on_client_gone(
            {.code = core::Errc::malformed, .side = core::Side::client, .what = "refused"});
        return {};
    }

protected:
    ~RequestSink() = default;
};

class RequestSinks {
public:
    // The head is a view that dies when this returns. The sink may answer at once, from within.
    // nullptr when the sink has finished already.
    virtual RequestSink* begin(ClientSide& client, const RequestHead& head) = 0;

protected:
    ~RequestSinks() = default;
};

}  // namespace ringway::http
