// Prints what the program promises by name and does not print itself on demand, one `kind<TAB>name`
// a line, for contract.py. It asks the code that makes the names: a reason added to an enum is
// promised from then on.
#include <fmt/core.h>

#include <cstdint>
#include <set>
#include <string_view>

#include "core/result.h"
#include "http/not_retried.h"
#include "http/reason.h"
#include "shards/metric_names.h"

namespace {

// Every value an enum of one byte can have is asked for its name; those past the last one repeat a
// name.
template <class Enum>
void print_names(std::string_view kind) {
    std::set<std::string_view> names;
    for (int value = 0; value <= 0xff; value++) {
        names.insert(name_of(static_cast<Enum>(value)));
    }
    names.erase("unknown");  // What some call a value past the last.
    names.erase("");         // What is said where there is nothing to say.
    for (std::string_view name : names) fmt::print("{}\t{}\n", kind, name);
}

void print_reasons() {
    for (std::size_t value = 0; value < ringway::http::reason_count; value++) {
        fmt::print("reason\t{}\n", name_of(static_cast<ringway::http::Reason>(value)));
    }
}

// What a shard with one backend names.
void print_metrics() {
    const ringway::shards::Shard::Counters shard;
    const ringway::http::Counters http;
    const ringway::shards::UpstreamPool::Counters upstreams;
    const ringway::core::Gauge gauge;
    ringway::core::MetricTable table;
    ringway::shards::name_metrics({.shard = shard, .http = http, .upstreams = upstreams}, table);
    ringway::shards::name_metrics({.milliseconds = gauge, .backend = "", .shard = 0}, table);
    std::set<std::string_view> names;
    for (const auto& series : table.series()) names.insert(series.name.name);
    for (std::string_view name : names) fmt::print("metric\t{}\n", name);
}

}  // namespace

int main() {
    print_metrics();
    print_names<ringway::core::Errc>("reason");
    print_names<ringway::core::Side>("side");
    print_names<ringway::http::NotRetried>("not_retried");
    print_reasons();
    return 0;
}
