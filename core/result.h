// What can go wrong, as plain data. An Error says what happened (`code`), whose doing it was
// (`side`) and whether trying again is safe (`retry`), so that a retry is decided from the error
// alone and never from where in the code it came up. `sys` keeps the errno for the log, `what` is
// a static string a person can read. Errors are values; nothing on the request path throws.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace ringway::core {

enum class Errc : std::uint8_t {
    ended,           // The peer closed its side in order.
    reset,           // ECONNRESET, EPIPE or a short MSG_WAITALL send.
    refused,         // ECONNREFUSED: nobody listens there.
    unreachable,     // No route, network or host down.
    timed_out,       // A deadline of ours or the kernel's passed.
    canceled,        // We cancelled it.
    no_buffers,      // The pool had no buffer when bytes arrived.
    no_descriptors,  // EMFILE, ENFILE.
    no_memory,       // ENOMEM, ENOBUFS from a socket call.
    denied,          // EPERM, EACCES.
    address_in_use,  // EADDRINUSE.
    bad_address,     // Not an address, or not one of this machine.
    unsupported,     // The kernel or its configuration lacks it.
    malformed,       // Bytes that break the protocol.
    over_limit,      // A named limit of ours was reached.
    unavailable,     // Nobody eligible to do it.
    unexpected,      // An errno without a name here; `sys` has it. Counted, never hidden.
};

enum class Side : std::uint8_t { client, upstream, us };

enum class Retry : std::uint8_t {
    never,
    if_idempotent,  // Safe for a request that may be done twice: the peer may have acted on it.
    if_reused,  // The same; where it was a pooled one the peer may have ended it before, without
                // blame.
    yes,        // Safe always: no byte of the request left us.
};

struct Error {
    Errc code = Errc::unexpected;
    Side side = Side::us;
    Retry retry = Retry::never;
    int sys = 0;
    const char* what = "";
};

template <class T>
using Result = std::expected<T, Error>;

// The word for logs and metrics, e.g. "timed_out".
std::string_view name_of(Errc code) noexcept;
std::string_view name_of(Side side) noexcept;

// Maps a (positive) errno to the code that names it.
Errc errc_of(int sys) noexcept;

}  // namespace ringway::core
