#include "shards/metric_names.h"

#include <fmt/core.h>

namespace ringway::shards {

namespace {

void name_upstreams(const UpstreamPool::Counters& upstreams, core::MetricTable& table) {
    table.add({"ringway_upstream_connects_total", "Connections to backends that were begun.", {}},
              upstreams.connects);
    table.add({"ringway_upstream_connects_failed_total",
               "Connections to backends that were not established.",
               {}},
              upstreams.connects_failed);
    table.add({"ringway_upstream_connects_paced_total",
               "Connections to backends that waited for their turn to be begun.",
               {}},
              upstreams.connects_paced);
    table.add({"ringway_upstream_reuses_total",
               "Requests that went out on a connection that was used before.",
               {}},
              upstreams.reuses);
    table.add({"ringway_upstream_over_limit_total",
               "Requests for which there was no place for another connection.",
               {}},
              upstreams.over_limit);
    table.add({"ringway_upstream_backoffs_total",
               "Times that a backend was not picked for a while because it could not be reached.",
               {}},
              upstreams.backoffs);
    table.add(
        {"ringway_upstream_ended_idle_total", "Unused connections that their backend ended.", {}},
        upstreams.ended_idle);
    table.add({"ringway_upstream_retired_total", "Unused connections that ringway ended.", {}},
              upstreams.retired);
    table.add({"ringway_upstream_worn_out_total",
               "Connections ended because of their age or number of requests.",
               {}},
              upstreams.worn_out);
}

}  // namespace

void name_metrics(const Counted& counted, core::MetricTable& table) {
    table.add({"ringway_clients_accepted_total", "Client connections that were accepted.", {}},
              counted.shard.clients_accepted);
    table.add({"ringway_clients_closed_total",
               "Client connections that ended, or left HTTP for a tunnel.",
               {}},
              counted.shard.clients_closed);
    table.add({"ringway_tunnels_total",
               "Connections that left HTTP: WebSockets and what else was upgraded.",
               {}},
              counted.shard.tunnels);
    table.add({"ringway_requests_total", "Requests whose head was accepted.", {}},
              counted.http.requests);
    table.add({"ringway_requests_refused_total", "Requests whose head or body was refused.", {}},
              counted.http.requests_refused);
    table.add({"ringway_exchanges_finished_total", "Requests that ended, however they did.", {}},
              counted.http.exchanges_finished);
    for (std::size_t i = 0; i < http::reason_count; i++) {
        const auto reason = static_cast<http::Reason>(i);
        table.add({"ringway_requests_ended_total",
                   "Requests that ended, refused ones too, by the reason in the access log.",
                   {{"reason", std::string(name_of(reason))}}},
                  counted.http.reasons[i]);
    }
    table.add({"ringway_answers_own_total", "Answers made by ringway and not by a backend.", {}},
              counted.http.answers_own);
    table.add({"ringway_retries_total", "Tries of a request after its first.", {}},
              counted.http.retries);
    table.add(
        {"ringway_clients_gone_total", "Clients that left before their answer was whole.", {}},
        counted.http.clients_gone);
    table.add({"ringway_exchanges_abandoned_total",
               "Requests that went on when their client had left.",
               {}},
              counted.http.exchanges_abandoned);
    table.add({"ringway_client_timeouts_total", "Clients that took too long.", {}},
              counted.http.client_timeouts);
    table.add({"ringway_pipelined_over_limit_total",
               "Client connections ended after limits.pipelined answers in a row.",
               {}},
              counted.http.pipelined_over_limit);
    table.add({"ringway_upstream_timeouts_total",
               "Backends that took too long, connecting excepted.",
               {}},
              counted.http.upstream_timeouts);
    table.add({"ringway_memory_refusals_total",
               "Requests or connections ended because a pool of buffers was empty.",
               {}},
              counted.http.memory_refusals);
    name_upstreams(counted.upstreams, table);
}

void name_metrics(const LearnedIdle& learned, core::MetricTable& table) {
    table.add(
        {"ringway_upstream_idle_learned_milliseconds",
         "After so long backends end unused connections, as learned; 0 is not known.",
         {{"backend", std::string(learned.backend)}, {"shard", fmt::format("{}", learned.shard)}}},
        learned.milliseconds);
}

void name_metrics(const BalanceSeen& seen, core::MetricTable& table) {
    const std::vector<core::MetricTable::Label> labels = {{"group", std::string(seen.group)},
                                                          {"shard", fmt::format("{}", seen.shard)}};
    table.add(
        {"ringway_balance_imbalance",
         "Requests in flight per weight: (largest - mean) / max(1, mean), in thousandths.", labels},
        seen.balancer.imbalance());
    table.add({"ringway_balance_n_minus_one",
               "Load of the last hour over what would be left without the strongest backend, in "
               "thousandths; 0: not known, or not asked for.",
               labels},
              seen.balancer.n_minus_one());
    table.add({"ringway_balance_snapshot_age_microseconds",
               "Mean age of what other shards said about the load on backends.", labels},
              seen.balancer.snapshot_age());
}

void name_metrics(const LoadSnapshots::Counters& snapshots, core::MetricTable& table) {
    table.add({"ringway_load_rows_total", "Loads of backends told to other shards.", {}},
              snapshots.rows_sent);
    table.add({"ringway_load_rows_late_total",
               "Times that a shard's queue was full and the rest was told it later.",
               {}},
              snapshots.rows_late);
}

}  // namespace ringway::shards
