// What of a request has still to be handed to its connection: its head, then its body, piece by
// piece. Most requests are one piece; an upload goes on when the kernel has taken the piece before,
// and one that drips does so in drops, by a timer of its connection's.
// Part of a LoadConnection; begun anew for each request, which outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "loadtest/load/request.h"

namespace ringway::loadtest {

class RequestPieces {
public:
    void begin(const LoadRequest& request);
    // REQUIRES: the request is numbered.
    void begin(const LoadRequest& request, std::uint64_t number);

    bool has_more() const { return !head_.empty() || body_left_ > 0; }
    // REQUIRES: has_more(). Good until the next `begin`.
    std::span<const std::byte> next();

private:
    const LoadRequest* request_ = nullptr;
    std::string_view head_;        // What is left of it.
    std::uint64_t body_left_ = 0;  // The same of the body.
    std::string numbered_;         // The head with its own number, where it has one.
};

}  // namespace ringway::loadtest
