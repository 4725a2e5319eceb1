// Leaving HTTP on a connection (RFC 9110, 7.8): a request may ask for another protocol, and a 101
// that names it hands both connections to a tunnel. WebSocket is let through unasked; every other
// token, h2c before all, is stripped with its field, because a tunnel is a hole in everything that
// the proxy decides per request.
//
// A tunnel is somebody else's (the shard's relay): the exchange opens it, both sides give their
// live descriptor to it with the bytes that had already arrived, and the exchange is over.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/buffer_pool.h"
#include "core/ids.h"
#include "http/message.h"

namespace ringway::http {

// The one protocol that the request asks for and that is allowed: a view into the head, or empty.
std::string_view upgrade_asked(const RequestHead& head, std::span<const std::string> allowed);
// Whether a 101 names that protocol, and it alone.
bool is_upgrade_agreed(const ResponseHead& head, std::string_view asked);

// Where two connections are joined that have left HTTP. Each side calls exactly one of its two.
class TunnelEnds {
public:
    virtual void on_client_released(int fd, core::Buffer early) = 0;
    virtual void on_client_lost() = 0;
    virtual void on_upstream_released(int fd, core::Buffer early) = 0;
    virtual void on_upstream_lost() = 0;

protected:
    ~TunnelEnds() = default;
};

class Tunnels {
public:
    // nullptr when there is no place for another.
    virtual TunnelEnds* try_open(core::BackendId backend) = 0;

protected:
    ~Tunnels() = default;
};

}  // namespace ringway::http
