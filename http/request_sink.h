// Who answers a request: an Exchange that proxies it, the mock origin, a fixed answer, later the
// admin page. A session parses a head and asks `RequestSinks::begin` for the sink; from then on
// the session tells the sink what arrives and the sink tells the session (client_side.h) what to
// send. All calls come on the shard's thread. A sink belongs to whoever made it; it lets go of
// the client side with `ClientSide::finish` or on `on_client_gone`, whichever is first.
#pragma once

#include "core/buffer_pool.h"
#include "core/result.h"
#include "http/client_side.h"
#include "http/message.h"

namespace ringway::http {

class RequestSink {
public:
    // Plain body bytes, within what was granted (the bytes that came with the head are always
    // granted).
    virtual void on_request_body(core::Buffer bytes) = 0;
    virtual void on_request_end() = 0;
    // Everything sent so far has left for the kernel.
    virtual void on_client_drained() = 0;
    // The client went away, or broke the protocol or a limit in the middle of its body. The client
    // side must not be used afterwards, not even to finish.
    virtual void on_client_gone(const core::Error& error) = 0;

protected:
    ~RequestSink() = default;
};

class RequestSinks {
public:
    // The head is a view that dies when this returns. The sink may answer at once, from within.
    // Never null: who cannot take the request returns a sink that says so to the client.
    // Note that on return the sink may have finished already: then nullptr.
    virtual RequestSink* begin(ClientSide& client, const RequestHead& head) = 0;

protected:
    ~RequestSinks() = default;
};

}  // namespace ringway::http
