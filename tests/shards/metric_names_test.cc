#include "shards/metric_names.h"

#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;

class Metrics : public ShardTest {
protected:
    // Of all shards together.
    std::uint64_t count(std::string_view name) {
        core::MetricTable table;
        for (const auto& each : hosts) each->shard.name_metrics(table);
        const core::MetricTable::Series* series = table.find(name);
        EXPECT_NE(series, nullptr) << name;
        return series == nullptr ? 0 : series->count();
    }
};

TEST_F(Metrics, TellWhatAShardDid) {
    start();
    tests::SimPeer& client = connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    asked().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    settle();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    settle();
    asked().send("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    settle();
    connect("nonsense\r\n\r\n");
    run_for(6s);  // It is let read why.
    struct Row {
        std::string_view name;
        std::uint64_t count;
    };
    for (const auto& [name, expected] : {
             Row{"ringway_clients_accepted_total", 2},
             Row{"ringway_clients_closed_total", 2},
             Row{"ringway_tunnels_total", 1},
             Row{"ringway_requests_total", 2},
             Row{"ringway_requests_refused_total", 1},
             Row{"ringway_exchanges_finished_total", 2},
             Row{"ringway_answers_own_total", 1},
             Row{"ringway_retries_total", 0},
             Row{"ringway_clients_gone_total", 0},
             Row{"ringway_exchanges_abandoned_total", 0},
             Row{"ringway_client_timeouts_total", 0},
             Row{"ringway_pipelined_over_limit_total", 0},
             Row{"ringway_upstream_timeouts_total", 0},
             Row{"ringway_memory_refusals_total", 0},
             Row{"ringway_upstream_connects_total", 1},
             Row{"ringway_upstream_connects_failed_total", 0},
             Row{"ringway_upstream_connects_paced_total", 0},
             Row{"ringway_upstream_reuses_total", 1},
             Row{"ringway_upstream_over_limit_total", 0},
             Row{"ringway_upstream_backoffs_total", 0},
             Row{"ringway_upstream_ended_idle_total", 0},
             Row{"ringway_upstream_retired_total", 0},
             Row{"ringway_upstream_worn_out_total", 0},
         }) {
        EXPECT_EQ(count(name), expected) << name;
    }
}

// What a test expects of requests that ended for a reason.
struct Ended {
    std::string_view reason;
    std::uint64_t count;
};

TEST_F(Metrics, CountHowRequestsEnded) {
    start();
    connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    asked().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    settle();
    connect("GET / HTTP/1.1\r\n\r\n");
    connect("nonsense\r\n\r\n");
    connect("nonsense\r\n\r\n");
    run_for(2s);
    core::MetricTable table;
    host->shard.name_metrics(table);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < http::reason_count; i++) {
        const std::string word{name_of(static_cast<http::Reason>(i))};
        const auto* series = table.find("ringway_requests_ended_total", {{"reason", word}});
        ASSERT_NE(series, nullptr) << word;
        all += series->count();
    }
    EXPECT_EQ(all, 4U);
    for (const auto& [reason, expected] :
         {Ended{"ok", 1}, Ended{"bad_host", 1}, Ended{"bad_request_line", 2}}) {
        const auto* series =
            table.find("ringway_requests_ended_total", {{"reason", std::string(reason)}});
        EXPECT_EQ(series->count(), expected) << reason;
    }
}

TEST_F(Metrics, AddUpTheShards) {
    start(8);
    for (int i = 0; i < 40; i++) connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    EXPECT_EQ(count("ringway_requests_total"), 40U);
    EXPECT_EQ(count("ringway_upstream_connects_total"), 40U);
}

TEST_F(Metrics, TellHowEvenlyRequestsLie) {
    start();
    connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    core::MetricTable table;
    host->shard.name_metrics(table);
    const std::vector<core::MetricTable::Label> labels = {{"group", "group"}, {"shard", "0"}};
    ASSERT_NE(table.find("ringway_balance_imbalance", labels), nullptr);
    ASSERT_NE(table.find("ringway_balance_snapshot_age_microseconds", labels), nullptr);
    ASSERT_NE(table.find("ringway_balance_n_minus_one", labels), nullptr);
    LoadSnapshots::Counters counters;
    counters.rows_sent.add(7);
    counters.rows_late.add(2);
    name_metrics(counters, table);
    EXPECT_EQ(table.find("ringway_load_rows_total")->count(), 7U);
    EXPECT_EQ(table.find("ringway_load_rows_late_total")->count(), 2U);
}

TEST_F(Metrics, TellTheIdleTimeoutThatABackendAnnounced) {
    start();
    connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    settle();
    asked().send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=7\r\nContent-Length: 0\r\n\r\n");
    settle();
    core::MetricTable table;
    host->shard.name_metrics(table);
    const core::MetricTable::Series* learned =
        table.find("ringway_upstream_idle_learned_milliseconds",
                   {{"backend", "10.0.0.3:8080"}, {"shard", "0"}});
    ASSERT_NE(learned, nullptr);
    EXPECT_EQ(learned->level(), 7'000);
}

}  // namespace
}  // namespace ringway::shards
