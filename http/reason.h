// Why a request ended as it did, in one machine-readable word. The word is a contract: the same one
// stands in the body and the X-Ringway-Reason field of our own answers, in the access log, in the
// counters and in Proxy-Status (RFC 9209), and it does not change its meaning between versions.
// Every exchange and every refused request ends with exactly one. What each says to a person stands
// in README.md, "Reasons". Plain data; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/result.h"
#include "http/h1_parser.h"

namespace ringway::http {

enum class Reason : std::uint8_t {
    ok,  // A backend's answer was passed on whole, whatever its status.

    // Of ours.
    no_route,
    no_backend,  // None is eligible, or there is no place for another connection.
    no_memory,
    no_tunnel,      // No place for another WebSocket.
    connect_paced,  // No turn to open a connection within timeout.connect.
    cut_by_us,      // Ended at the end of shutdown.timeout.

    // Of a backend.
    upstream_unreachable,
    connect_timeout,
    first_byte_timeout,
    between_bytes_timeout,
    total_timeout,
    upstream_reset,      // Before an answer began.
    upstream_cut,        // Within its answer.
    upstream_malformed,  // It answered what may not be passed on.

    // Of a client.
    client_gone,     // It left before its answer was whole.
    client_stalled,  // It took no byte for client.timeout.send.
    upgrade_with_body,
    body_over_limit,

    // What the parser refuses (http::Refusal).
    bad_request_line,
    bad_status_line,
    bad_version,
    bad_field_name,
    bad_field_value,
    bad_line_ending,
    obs_fold,
    bad_host,
    bad_content_length,
    length_and_encoding,
    bad_transfer_encoding,
    request_line_over_limit,
    header_bytes_over_limit,
    header_count_over_limit,
    bad_chunk,
    chunk_over_limit,
    trailers_over_limit,
    bad_expectation,
    method_refused,
    request_timeout,
};

inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::request_timeout) + 1;

std::string_view name_of(Reason reason) noexcept;
// The status of our answer for it; the one that is logged where no answer went out.
std::uint16_t status_of(Reason reason) noexcept;
// The error type of Proxy-Status that comes nearest.
std::string_view proxy_error_of(Reason reason) noexcept;

// REQUIRES: not Refusal::none.
Reason reason_of(Refusal refusal) noexcept;

// How far a request had come when its backend, or the way to it, failed.
enum class Stage : std::uint8_t { connecting, asking, answering };
Reason reason_of_upstream(const core::Error& error, Stage stage) noexcept;
// Why a client is gone.
Reason reason_of_client(const core::Error& error) noexcept;

}  // namespace ringway::http
