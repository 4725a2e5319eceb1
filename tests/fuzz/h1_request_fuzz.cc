// Any bytes as a request head: see h1_properties.h.
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_properties.h"

FUZZ_TARGET(h1_request) {
    using namespace ringway;
    fuzz::check_head<http::RequestHead>(fuzz::text_of(bytes), {});
    fuzz::check_head<http::RequestHead>(fuzz::text_of(bytes), fuzz::small_limits);
}
