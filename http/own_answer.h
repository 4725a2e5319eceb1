// Answers made here rather than by a backend: refusals, errors, no route. Each is a whole
// response with a small body that carries the reason word of the contract, so that a person with
// curl and a log sees the same word: a line of text, an object for who asked for JSON, or the page
// that the configuration has for that status. Off the hot path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/client_side.h"
#include "http/context.h"
#include "http/h1_writer.h"

namespace ringway::http {

std::string_view phrase_of(std::uint16_t status) noexcept;

// Of the body that the answer will have, for the access log: it is told before the answer is made.
std::size_t own_body_bytes(const Context& context, const Reply& reply);

// The bytes of the response, or an empty buffer when the pools are dry.
core::Buffer write_own_answer(Context& context, const Reply& reply, ConnectionField connection);

}  // namespace ringway::http
