// What a gateway changes in a head that it passes on (RFC 9110, 7.6): fields that were meant for
// this hop only are dropped, who asked and how is added, and what a client may not say about itself
// is not believed. Everything else goes as it came. Pure functions over a head; they run once per
// request and allocate nothing: composed values go to memory the caller brings, which must live as
// long as the edits do. README.md, "Forwarding", has the table of what is sent by default and why.
#pragma once

#include <span>
#include <string_view>

#include "http/message.h"

namespace ringway::http {

// Which fields are added to requests. What an untrusted client says about itself in them is dropped
// whether or not they are added.
struct ForwardingSettings {
    bool x_forwarded_for = true;
    bool x_forwarded_proto = true;
    bool x_forwarded_host = true;
    bool x_forwarded_port = false;
    bool x_real_ip = false;
    bool via = true;
    bool via_in_responses = false;
    bool x_request_id = true;
    bool forwarded = false;  // RFC 7239.
    bool trailers = true;    // Pass both ways, where both sides want them (trailers.h).
    // In responses: how it went, for whoever debugs (RFC 9209, W3C Server-Timing).
    bool proxy_status = false;
    bool server_timing = false;
};

// What the head itself does not say. Views must live as long as the edits.
struct ForwardingContext {
    std::string_view client_host{};   // The address of the client, without port and brackets.
    std::string_view scheme{};        // "http" or "https", as the client came.
    std::string_view listen_port{};   // The port it came to.
    std::string_view via{};           // "1.1 ringway".
    std::string_view request_id{};    // For a request that brings none; empty adds none.
    std::string_view default_host{};  // Host for an HTTP/1.0 request without one.
    bool trusts_client = false;       // It is one of `trusted_proxies`.
    bool asks_upgrade = false;        // Connection will say so, and nothing else.
};

// What edits may be composed of at the end of a long chain; more is sent as a field of its own.
inline constexpr std::size_t forwarding_arena_bytes = 512;

void edit_request(const RequestHead& head, const ForwardingContext& context,
                  const ForwardingSettings& settings, std::span<char> arena, HeadEdits& edits);

void edit_response(const ResponseHead& head, const ForwardingContext& context,
                   const ForwardingSettings& settings, HeadEdits& edits);

// Whether Connection names fields that are for this hop only: they may come as trailers, too.
bool lists_fields(const Head& head) noexcept;

}  // namespace ringway::http
