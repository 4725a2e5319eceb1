#include "http/reason.h"

#include <array>

#include "core/check.h"

namespace ringway::http {
namespace {

struct Row {
    Reason reason;
    std::uint16_t status;
    std::string_view name;
    std::string_view proxy_error;
};

// 499 is nobody's answer: it is what nginx logs for a client that left before it got one.
constexpr std::array<Row, reason_count> rows = {{
    {Reason::ok, 200, "ok", ""},

    {Reason::no_route, 404, "no_route", "destination_not_found"},
    {Reason::no_backend, 503, "no_backend", "destination_unavailable"},
    {Reason::no_memory, 503, "no_memory", "proxy_internal_error"},
    {Reason::no_tunnel, 503, "no_tunnel", "connection_limit_reached"},
    {Reason::connect_paced, 503, "connect_paced", "connection_limit_reached"},
    {Reason::cut_by_us, 503, "cut_by_us", "proxy_internal_response"},

    {Reason::upstream_unreachable, 502, "upstream_unreachable", "connection_refused"},
    {Reason::connect_timeout, 504, "connect_timeout", "connection_timeout"},
    {Reason::first_byte_timeout, 504, "first_byte_timeout", "http_response_timeout"},
    {Reason::between_bytes_timeout, 504, "between_bytes_timeout", "connection_read_timeout"},
    {Reason::total_timeout, 504, "total_timeout", "http_response_timeout"},
    {Reason::upstream_reset, 502, "upstream_reset", "connection_terminated"},
    {Reason::upstream_cut, 502, "upstream_cut", "http_response_incomplete"},
    {Reason::upstream_malformed, 502, "upstream_malformed", "http_protocol_error"},

    {Reason::client_gone, 499, "client_gone", "http_request_error"},
    {Reason::client_stalled, 499, "client_stalled", "http_request_error"},
    {Reason::upgrade_with_body, 400, "upgrade_with_body", "http_request_error"},
    {Reason::body_over_limit, 413, "body_over_limit", "http_request_error"},

    {Reason::bad_request_line, 400, "bad_request_line", "http_request_error"},
    {Reason::bad_status_line, 400, "bad_status_line", "http_protocol_error"},
    {Reason::bad_version, 505, "bad_version", "http_request_error"},
    {Reason::bad_field_name, 400, "bad_field_name", "http_request_error"},
    {Reason::bad_field_value, 400, "bad_field_value", "http_request_error"},
    {Reason::bad_line_ending, 400, "bad_line_ending", "http_request_error"},
    {Reason::obs_fold, 400, "obs_fold", "http_request_error"},
    {Reason::bad_host, 400, "bad_host", "http_request_error"},
    {Reason::bad_content_length, 400, "bad_content_length", "http_request_error"},
    {Reason::length_and_encoding, 400, "length_and_encoding", "http_request_error"},
    {Reason::bad_transfer_encoding, 400, "bad_transfer_encoding", "http_request_error"},
    {Reason::request_line_over_limit, 414, "request_line_over_limit", "http_request_error"},
    {Reason::header_bytes_over_limit, 431, "header_bytes_over_limit", "http_request_error"},
    {Reason::header_count_over_limit, 431, "header_count_over_limit", "http_request_error"},
    {Reason::bad_chunk, 400, "bad_chunk", "http_request_error"},
    {Reason::chunk_over_limit, 400, "chunk_over_limit", "http_request_error"},
    {Reason::trailers_over_limit, 431, "trailers_over_limit", "http_request_error"},
    {Reason::bad_expectation, 417, "bad_expectation", "http_request_error"},
    {Reason::method_refused, 405, "method_refused", "http_request_denied"},
    {Reason::request_timeout, 408, "request_timeout", "http_request_error"},
}};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < rows.size(); i++) {
        if (static_cast<std::size_t>(rows[i].reason) != i) return false;
    }
    return true;
}
static_assert(is_in_order());

const Row& row_of(Reason reason) {
    return rows[static_cast<std::size_t>(reason)];
}

}  // namespace

std::string_view name_of(Reason reason) noexcept {
    return row_of(reason).name;
}

std::uint16_t status_of(Reason reason) noexcept {
    return row_of(reason).status;
}

std::string_view proxy_error_of(Reason reason) noexcept {
    return row_of(reason).proxy_error;
}

Reason reason_of(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::none:
            break;
        case Refusal::bad_request_line:
            return Reason::bad_request_line;
        case Refusal::bad_status_line:
            return Reason::bad_status_line;
        case Refusal::bad_version:
            return Reason::bad_version;
        case Refusal::bad_field_name:
            return Reason::bad_field_name;
        case Refusal::bad_field_value:
            return Reason::bad_field_value;
        case Refusal::bad_line_ending:
            return Reason::bad_line_ending;
        case Refusal::obs_fold:
            return Reason::obs_fold;
        case Refusal::bad_host:
            return Reason::bad_host;
        case Refusal::bad_content_length:
            return Reason::bad_content_length;
        case Refusal::length_and_encoding:
            return Reason::length_and_encoding;
        case Refusal::bad_transfer_encoding:
            return Reason::bad_transfer_encoding;
        case Refusal::request_line_over_limit:
            return Reason::request_line_over_limit;
        case Refusal::header_bytes_over_limit:
            return Reason::header_bytes_over_limit;
        case Refusal::header_count_over_limit:
            return Reason::header_count_over_limit;
        case Refusal::bad_chunk:
            return Reason::bad_chunk;
        case Refusal::chunk_over_limit:
            return Reason::chunk_over_limit;
        case Refusal::trailers_over_limit:
            return Reason::trailers_over_limit;
        case Refusal::bad_expectation:
            return Reason::bad_expectation;
        case Refusal::method_refused:
            return Reason::method_refused;
        case Refusal::request_timeout:
            return Reason::request_timeout;
    }
    CHECK(false);
    return Reason::ok;
}

namespace {

Reason timeout_at(Stage stage) {
    switch (stage) {
        case Stage::connecting:
            return Reason::connect_timeout;
        case Stage::asking:
            return Reason::first_byte_timeout;
        case Stage::answering:
            return Reason::between_bytes_timeout;
    }
    return Reason::first_byte_timeout;
}

}  // namespace

Reason reason_of_upstream(const core::Error& error, Stage stage) noexcept {
    switch (error.code) {
        case core::Errc::unavailable:
            return Reason::no_backend;
        case core::Errc::timed_out:
            // It was our own line, and no backend, that took too long.
            if (stage == Stage::connecting && error.side == core::Side::us) {
                return Reason::connect_paced;
            }
            return timeout_at(stage);
        case core::Errc::refused:
        case core::Errc::unreachable:
            return Reason::upstream_unreachable;
        case core::Errc::malformed:
        case core::Errc::over_limit:
            return Reason::upstream_malformed;
        case core::Errc::no_buffers:
        case core::Errc::no_memory:
        case core::Errc::no_descriptors:
            return Reason::no_memory;
        case core::Errc::canceled:
            return Reason::cut_by_us;
        case core::Errc::ended:
        case core::Errc::reset:
        case core::Errc::denied:
        case core::Errc::address_in_use:
        case core::Errc::bad_address:
        case core::Errc::unsupported:
        case core::Errc::unexpected:
            break;
    }
    return stage == Stage::answering ? Reason::upstream_cut : Reason::upstream_reset;
}

Reason reason_of_client(const core::Error& error) noexcept {
    if (error.code == core::Errc::timed_out) return Reason::client_stalled;
    if (error.code == core::Errc::canceled) return Reason::cut_by_us;
    if (error.code == core::Errc::no_memory) return Reason::no_memory;
    return Reason::client_gone;
}

// The words and statuses of refusals are those of their reasons.
std::string_view name_of(Refusal refusal) noexcept {
    return refusal == Refusal::none ? "none" : name_of(reason_of(refusal));
}

std::uint16_t status_of(Refusal refusal) noexcept {
    return status_of(reason_of(refusal));
}

}  // namespace ringway::http
