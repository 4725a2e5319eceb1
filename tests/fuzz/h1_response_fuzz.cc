// Any bytes as a response head: see h1_properties.h. A request by HEAD changes where the body ends
// and nothing else.
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_properties.h"

FUZZ_TARGET(h1_response) {
    using namespace ringway;
    const std::string_view text = fuzz::text_of(bytes);
    fuzz::check_head<http::ResponseHead>(text, {});
    fuzz::check_head<http::ResponseHead>(text, fuzz::small_limits);

    http::FieldTable table;
    const auto to_get = fuzz::parse<http::ResponseHead>({.bytes = text}, {}, table);
    fuzz::Outcome<http::ResponseHead> to_head;
    to_head.result = http::parse_response_head({.bytes = text}, {}, http::Method::head, table,
                                               to_head.head, to_head.refusal);
    CHECK(to_head.result == to_get.result && to_head.refusal == to_get.refusal);
    if (to_head.result == http::Parse::complete) {
        CHECK(to_head.head.framing == http::Framing::none);
    }
}
