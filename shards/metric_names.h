// What the metrics page calls the numbers that a shard counts: the one list of names, read by the
// shard when it is set up and by the contract test. Names are promises: one is added, none renamed.
// A plain function of its arguments; what is named must outlive the table.
#pragma once

#include "core/metrics.h"
#include "http/context.h"
#include "shards/group_balancer.h"
#include "shards/load_snapshots.h"
#include "shards/shard.h"
#include "shards/upstream_pool.h"

namespace ringway::shards {

struct Counted {
    const Shard::Counters& shard;
    const http::Counters& http;
    const UpstreamPool::Counters& upstreams;
};

void name_metrics(const Counted& counted, core::MetricTable& table);

// The idle time-out that was learned of a backend, 0 while none is known.
struct LearnedIdle {
    const core::Gauge& milliseconds;
    std::string_view backend;
    std::uint32_t shard;
};
void name_metrics(const LearnedIdle& learned, core::MetricTable& table);

// How evenly a group's requests lie, as one shard sees it.
struct BalanceSeen {
    const GroupBalancer& balancer;
    std::string_view group;
    std::uint32_t shard;
};
void name_metrics(const BalanceSeen& seen, core::MetricTable& table);
void name_metrics(const LoadSnapshots::Counters& snapshots, core::MetricTable& table);

}  // namespace ringway::shards
