// Any bytes as a request or a response that is passed on: what is written must be a head that
// parses, frames and routes as what came, with nothing in it that was meant for this hop.
#include <array>
#include <string>
#include <string_view>

#include "http/forwarding.h"
#include "http/trailers.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_properties.h"

namespace ringway::fuzz {
namespace {

using http::FieldId;

constexpr std::array hop_by_hop = {FieldId::keep_alive, FieldId::proxy_authenticate,
                                   FieldId::proxy_connection, FieldId::upgrade,
                                   FieldId::proxy_authorization};

constexpr std::array about_the_client = {FieldId::forwarded,         FieldId::x_forwarded_for,
                                         FieldId::x_forwarded_host,  FieldId::x_forwarded_port,
                                         FieldId::x_forwarded_proto, FieldId::x_real_ip};

constexpr http::HeadLimits wide_limits = {
    .request_line_max = 60'000, .header_bytes_max = 65'535, .header_count_max = 256};

// What is chunked is written chunked; everything else keeps its framing in its fields.
http::WriteOptions options_of(const http::Head& head) {
    return {.framing = head.framing, .connection = http::ConnectionField::none};
}

void check_passed_on(const http::Head& came, const http::Head& went) {
    for (const FieldId id : hop_by_hop) CHECK(went.find(id) == nullptr);
    CHECK(count_of(went, FieldId::trailer) <= count_of(came, FieldId::trailer));
    CHECK(count_of(went, FieldId::transfer_encoding) ==
          (came.framing == http::Framing::chunked ? 1u : 0u));
}

// The one thing that is said to the next hop: that trailers are welcome.
void check_te(const http::RequestHead& came, const http::RequestHead& went, bool passes) {
    const bool is_said = passes && http::accepts_trailers(came);
    CHECK(count_of(went, FieldId::te) == (is_said ? 1u : 0u));
    CHECK(count_of(went, FieldId::connection) == (is_said ? 1u : 0u));
    if (!is_said) return;
    CHECK(went.value(*went.find(FieldId::te)) == "trailers");
    CHECK(went.value(*went.find(FieldId::connection)) == "TE");
}

void check_request(const http::RequestHead& came, const http::ForwardingContext& context,
                   const http::ForwardingSettings& settings) {
    std::array<char, 64> arena;  // Small, so that it is not always enough.
    http::HeadEdits edits;
    http::edit_request(came, context, settings, arena, edits);
    const std::string written = write(came, edits, options_of(came));

    http::FieldTable table;
    const auto outcome = parse<http::RequestHead>({.bytes = written}, wide_limits, table);
    CHECK(outcome.result == http::Parse::complete);
    const http::RequestHead& went = outcome.head;
    CHECK(went.bytes == written.size());
    check_passed_on(came, went);
    check_te(came, went, settings.trailers && !context.asks_upgrade);
    CHECK(went.framing == came.framing && went.content_length == came.content_length);
    CHECK(went.at(went.method_text) == came.at(came.method_text));
    CHECK(count_of(went, FieldId::host) == 1);
    CHECK(went.at(went.host) == (came.host.size > 0 ? came.at(came.host) : context.default_host));
    CHECK(went.path.size == 0 || went.at(went.path).front() == '/');
    if (came.path.size > 0) CHECK(went.at(went.path) == came.at(came.path));
    if (context.trusts_client) return;
    for (const FieldId id : about_the_client) CHECK(count_of(went, id) <= 1);
    if (const http::Field* field = went.find(FieldId::x_forwarded_for)) {
        CHECK(went.value(*field) == context.client_host);
    }
}

void check_response(const http::ResponseHead& came, const http::ForwardingContext& context,
                    const http::ForwardingSettings& settings) {
    http::HeadEdits edits;
    http::edit_response(came, context, settings, edits);
    const std::string written = write(came, edits, options_of(came));
    http::FieldTable table;
    const auto outcome = parse<http::ResponseHead>({.bytes = written}, wide_limits, table);
    CHECK(outcome.result == http::Parse::complete);
    CHECK(outcome.head.bytes == written.size());
    check_passed_on(came, outcome.head);
    CHECK(outcome.head.find(FieldId::te) == nullptr);
    CHECK(outcome.head.find(FieldId::connection) == nullptr);
    CHECK(outcome.head.status == came.status);
    CHECK(outcome.head.framing == came.framing &&
          outcome.head.content_length == came.content_length);
}

}  // namespace
}  // namespace ringway::fuzz

FUZZ_TARGET(forwarding) {
    using namespace ringway;
    http::ForwardingContext context{.client_host = "192.0.2.7",
                                    .scheme = "https",
                                    .listen_port = "443",
                                    .via = "1.1 ringway",
                                    .request_id = "id-1",
                                    .default_host = "fallback",
                                    .trusts_client = false};
    http::ForwardingSettings everything{
        .x_forwarded_port = true, .x_real_ip = true, .via_in_responses = true};
    http::FieldTable table;
    for (unsigned choice = 0; choice < 8; choice++) {
        context.trusts_client = (choice & 1) != 0;
        context.asks_upgrade = (choice & 2) != 0;
        everything.trailers = (choice & 4) != 0;
        const http::ParseInput input{.bytes = fuzz::text_of(bytes)};
        const auto request = fuzz::parse<http::RequestHead>(input, {}, table);
        if (request.result == http::Parse::complete) {
            fuzz::check_request(request.head, context, everything);
        }
        const auto response = fuzz::parse<http::ResponseHead>(input, {}, table);
        if (response.result == http::Parse::complete) {
            fuzz::check_response(response.head, context, everything);
        }
    }
}
