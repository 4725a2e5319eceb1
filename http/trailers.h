// Trailers: fields behind a body (RFC 9110, 6.5). They go through the proxy as lines in one buffer,
// "Name: value CRLF" each, without the empty line behind them: checked like the fields of a head
// (BodyReader does that), in the order and spelling of their sender. HTTP/1 writes the lines as
// they are. They are passed on only where both sides want them, and never merged into a head.
// What could change what a head has said is dropped (RFC 9110, 6.5.1): framing, routing,
// authentication, conditions, caching, what the content is, who the client is. Pure functions.
#pragma once

#include <string_view>

#include "core/buffer_pool.h"
#include "http/message.h"

namespace ringway::http {

// Whether who sent the request takes trailers with its response: TE: trailers.
bool accepts_trailers(const RequestHead& head) noexcept;

// REQUIRES: the name of a field.
bool may_be_trailer(std::string_view name) noexcept;

// Leaves only the lines that may be passed on. REQUIRES: whole lines.
void drop_forbidden_trailers(core::Buffer& lines) noexcept;

}  // namespace ringway::http
