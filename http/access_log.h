// What is told of a request when it has ended, and to whom. Every request that was begun is told
// exactly once: an exchange in its `finish`, a refused head by its session. Called on the shard's
// thread, in the middle of its work: an AccessLog never waits. All views die when the call returns.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "core/packed_address.h"
#include "http/message.h"
#include "http/not_retried.h"
#include "http/reason.h"

namespace ringway::http {

struct ExchangeRecord {
    // Null when the request was refused before there was a head; then `first_line` is what came in
    // its place, as far as it came.
    const RequestHead* head = nullptr;
    std::string_view first_line = {};
    std::string_view request_id = {};
    core::PackedAddress client = {};

    Reason reason = Reason::ok;
    std::uint16_t status = 0;     // That the client got, or would have got.
    std::uint64_t bytes_in = 0;   // Of the request's body, as they arrived.
    std::uint64_t bytes_out = 0;  // Of the body that the client was answered with.

    std::string_view backend = {};  // The address of the last one asked; empty when none was.
    std::uint32_t attempts = 0;
    bool upstream_was_reused = false;
    NotRetried not_retried = NotRetried::none;
    std::string_view failure = {};  // What a backend did, where that was the last word.

    // From the clock of the tick. Zero where it did not come to that.
    core::Duration connect{};     // Until there was a connection to a backend, in all attempts.
    core::Duration first_byte{};  // From there to the head of its answer.
    core::Duration total{};
};

class AccessLog {
public:
    virtual void on_finish(const ExchangeRecord& record) = 0;

protected:
    ~AccessLog() = default;
};

}  // namespace ringway::http
