#include "shards/group_balancer.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <set>

#include "tests/support/parsed_head.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;
using balance::Algorithm;

class GroupBalancerTest : public testing::Test {
protected:
    GroupBalancerTest() {
        group.name = "web";
        for (int i = 1; i <= 4; i++) {
            group.backends.push_back(
                {.address = core::Address::parse("10.0.0." + std::to_string(i) + ":80").value()});
        }
        group.sticky_keys = {{.id = 1, .key = {.low = 1, .high = 2}}};
    }
    void make(std::uint32_t shard = 0, std::uint32_t shard_count = 1) {
        balancer.emplace(GroupBalancer::Options{.group = group,
                                                .shards = shards,
                                                .shard = {shard},
                                                .shard_count = shard_count,
                                                .seed = shard});
    }
    GroupBalancer::Choice choose(std::string_view fields = "",
                                 const std::vector<std::uint32_t>& failed = {}) {
        const std::string text = "GET /a HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
        const tests::ParsedRequest head = tests::parse_request(text);
        EXPECT_EQ(head.result, http::Parse::complete);
        http::Selection selection;
        selection.head = &head.head;
        selection.client = &client;
        now += 1us;
        return balancer->choose(selection, failed, {now, unix_time}).value();
    }
    std::map<std::size_t, int> choose_many(int count) {
        std::map<std::size_t, int> chosen;
        for (int i = 0; i < count; i++) chosen[choose().backend]++;
        return chosen;
    }
    std::string cookie_for(std::size_t backend) {
        std::array<char, http::StickyCookie::text_max> space{};
        const std::string text{balancer->write_cookie(backend, unix_time, space)};
        return "Cookie: a=b; " + text.substr(0, text.find(';')) + "\r\n";
    }

    config::Group group;
    config::Shards shards;
    std::optional<GroupBalancer> balancer;
    core::PackedAddress client{core::Address::parse("192.0.2.7:1234").value()};
    core::Instant now{1h};
    core::Duration unix_time = 1'790'000'000s;
};

TEST_F(GroupBalancerTest, WhoRefusedIsLeftAloneForAWhileUnlessThereIsNobodyElse) {
    make();
    balancer->back_off(1, now + 1s);
    EXPECT_FALSE(choose_many(100).contains(1));
    EXPECT_FALSE(balancer->take_due().has_value());
    balancer->on_reachable(1, now);
    EXPECT_EQ(choose_many(100)[1], 25);
    for (std::size_t i = 0; i < 4; i++) balancer->back_off(i, now + 1s);
    EXPECT_EQ(choose_many(1'000).size(), 4U);
}

TEST_F(GroupBalancerTest, WhoIsDueIsKnockedAtOnceAndGetsNoRequestBeforeItAnswers) {
    make();
    balancer->back_off(1, now + 1s);
    balancer->back_off(3, now + 1s);
    now += 1s;
    EXPECT_EQ(choose_many(100).size(), 2U);
    std::set<std::size_t> due;
    while (const auto backend = balancer->take_due()) due.insert(*backend);
    EXPECT_EQ(due, (std::set<std::size_t>{1, 3}));
    now += 10s;  // One is enough, however long it takes.
    EXPECT_EQ(choose_many(100).size(), 2U);
    EXPECT_FALSE(balancer->take_due().has_value());
    balancer->on_reachable(1, now);
    EXPECT_EQ(choose_many(99).size(), 3U);
    balancer->back_off(3, now + 1s);
    now += 1s;
    choose();
    EXPECT_EQ(balancer->take_due(), 3U);
}

TEST_F(GroupBalancerTest, WhereNobodyElseCanBeAskedTheFirstWhoIsDueGetsRequestsAgain) {
    make();
    for (std::size_t i = 0; i < 4; i++) balancer->back_off(i, now + 1s);
    now += 1s;
    EXPECT_EQ(choose_many(100).size(), 1U);
    int due = 0;
    while (balancer->take_due()) due++;
    EXPECT_EQ(due, 3);
}

TEST_F(GroupBalancerTest, WhoIsFullIsPassedOverAndWhoWasTriedToo) {
    make();
    balancer->set_full(0, true);
    EXPECT_FALSE(choose_many(100).contains(0));
    balancer->set_full(0, false);
    EXPECT_TRUE(choose_many(100).contains(0));
    for (int i = 0; i < 100; i++) EXPECT_NE(choose("", {2}).backend, 2U);
    for (int i = 0; i < 100; i++) EXPECT_EQ(choose("", {2, 0, 3}).backend, 1U);
}

TEST_F(GroupBalancerTest, ABackupIsAskedWhenTooFewAreLeft) {
    group.backends[3].backup = true;
    make();
    EXPECT_FALSE(choose_many(300).contains(3));
    for (std::size_t i = 0; i < 3; i++) balancer->set_full(i, true);
    EXPECT_EQ(choose().backend, 3U);
}

TEST_F(GroupBalancerTest, BackendsOfTheOwnZoneComeFirst) {
    shards.zone = "here";
    group.backends[2].zone = "here";
    group.backends[1].zone = "there";
    make();
    EXPECT_EQ(choose_many(100)[2], 100);
    balancer->set_full(2, true);
    EXPECT_EQ(choose_many(100).size(), 3U);
}

TEST_F(GroupBalancerTest, TheSameKeyGoesToTheSameBackendOnEveryShard) {
    group.balancing.algorithm = Algorithm::maglev;
    group.balancing.key = http::RequestKey::parse("header:x-user").value();
    std::map<std::string, std::set<std::size_t>> by_user;
    for (std::uint32_t shard = 0; shard < 3; shard++) {
        make(shard, 3);
        for (int user = 0; user < 50; user++) {
            const std::string fields = "X-User: " + std::to_string(user) + "\r\n";
            by_user[fields].insert(choose(fields).backend);
        }
    }
    std::set<std::size_t> all;
    for (const auto& [user, backends] : by_user) {
        EXPECT_EQ(backends.size(), 1U) << user;
        all.insert(*backends.begin());
    }
    EXPECT_EQ(all.size(), 4U);
}

TEST_F(GroupBalancerTest, AllShardsAnswerFromTheSameTables) {
    config::Config config;
    group.balancing.algorithm = Algorithm::round_robin;
    config.groups.push_back(group);
    group.balancing.algorithm = Algorithm::maglev;
    config.groups.push_back(group);
    const GroupTables tables = tables_of(config);
    ASSERT_EQ(tables.size(), 2U);
    EXPECT_FALSE(tables[0].has_value());
    std::deque<GroupBalancer> balancers;
    for (std::uint32_t shard = 0; shard < 8; shard++) {
        balancers.emplace_back(GroupBalancer::Options{.group = config.groups[1],
                                                      .shards = config.shards,
                                                      .shard = {shard},
                                                      .shard_count = 8,
                                                      .seed = shard,
                                                      .tables = &*tables[1]});
    }
    for (const GroupBalancer& each : balancers) {
        EXPECT_EQ(&each.picker().tables(), &*tables[1]);
    }
}

TEST_F(GroupBalancerTest, WhoHasNoKeyGoesAnywhere) {
    group.balancing.algorithm = Algorithm::ring_hash;
    group.balancing.key = http::RequestKey::parse("cookie:session").value();
    make();
    EXPECT_EQ(choose_many(200).size(), 4U);
}

TEST_F(GroupBalancerTest, ClientsOfOneNetworkStayTogether) {
    group.balancing.algorithm = Algorithm::ip_hash;
    group.balancing.key_prefix_v4 = 24;
    make();
    const std::size_t backend = choose().backend;
    for (int host = 1; host < 255; host++) {
        client = core::PackedAddress{
            core::Address::parse("192.0.2." + std::to_string(host) + ":1").value()};
        EXPECT_EQ(choose().backend, backend);
    }
}

TEST_F(GroupBalancerTest, TheLeastLoadedOfAllShardsIsAsked) {
    group.balancing.algorithm = Algorithm::least_connections;
    make(0, 2);
    EXPECT_TRUE(balancer->shares_load());
    for (const std::size_t backend : {0U, 0U, 1U, 3U}) balancer->begin(backend);
    balancer->load().take({1}, {.backend = 2, .in_flight = 5, .latency_us = 0, .samples = 0}, now);
    balancer->load().heard({1}, now);
    EXPECT_NE(choose().backend, 2U);
    EXPECT_NE(choose().backend, 0U);
    now += 1s;
    choose();
    EXPECT_GT(balancer->imbalance().value(), 0);
    EXPECT_EQ(balancer->snapshot_age().value(), 500) << "the other said nothing: no news";
    for (const std::size_t backend : {0U, 0U, 1U, 3U}) balancer->end(backend);
}

TEST_F(GroupBalancerTest, WhereNoLoadIsSharedNoSnapshotHasAnAge) {
    make(0, 2);
    choose_many(3);
    EXPECT_EQ(balancer->snapshot_age().value(), 0);
}

TEST_F(GroupBalancerTest, OneThatCameBackGetsItsShareStepByStep) {
    group.balancing.slow_start = 10s;
    make();
    balancer->back_off(1, now + 1s);
    choose();
    now += 1s;
    balancer->on_reachable(1, now);
    const int at_first = choose_many(4'000)[1];
    EXPECT_GT(at_first, 0);
    EXPECT_LT(at_first, 150);
    now += 5s;
    const int half_way = choose_many(4'000)[1];
    EXPECT_NEAR(half_way, 4'000 * 0.5 / 3.5, 60);
    now += 5s;
    choose();
    EXPECT_NEAR(choose_many(4'000)[1], 1'000, 1);  // The turns were in the middle of a cycle.
}

TEST_F(GroupBalancerTest, NMinusOneIsLearnedWhereItIsAskedFor) {
    const auto learn = [this] {
        for (int i = 0; i < 1'000; i++) {
            const std::size_t backend = choose().backend;
            balancer->begin(backend);
            balancer->learn(backend, balancer->concurrency(backend), 10ms);
            balancer->end(backend);
            now += 20ms;
        }
        for (int i = 0; i < 3; i++) balancer->begin(0);
        for (int i = 0; i < 1'200; i++) {
            now += 100ms;
            choose();
        }
        for (int i = 0; i < 3; i++) balancer->end(0);
        return balancer->n_minus_one().value();
    };
    make();
    EXPECT_EQ(learn(), 0);
    group.balancing.n_minus_one = true;
    make();
    // Each of four is known to bear one, and there were three in flight for a minute.
    EXPECT_NEAR(static_cast<double>(learn()), 1'000, 10);
}

TEST_F(GroupBalancerTest, ACookieKeepsAClientWithItsBackend) {
    group.sticky.cookie = "ringway";
    make();
    EXPECT_TRUE(choose().sets_cookie);
    for (std::size_t backend = 0; backend < 4; backend++) {
        const GroupBalancer::Choice choice = choose(cookie_for(backend));
        EXPECT_EQ(choice.backend, backend);
        EXPECT_FALSE(choice.sets_cookie);
    }
}

TEST_F(GroupBalancerTest, WhoDrainsKeepsItsSessionsAndGetsNoNewOnesUntilItIsDisabled) {
    group.sticky.cookie = "ringway";
    make();
    const std::string cookie = cookie_for(2);
    balancer->set().block(2, balance::Block::draining);
    EXPECT_FALSE(choose_many(100).contains(2));
    const GroupBalancer::Choice kept = choose(cookie);
    EXPECT_EQ(kept.backend, 2U);
    EXPECT_FALSE(kept.sets_cookie);
    // Its time is over.
    balancer->set().block(2, balance::Block::disabled);
    const GroupBalancer::Choice elsewhere = choose(cookie);
    EXPECT_NE(elsewhere.backend, 2U);
    EXPECT_TRUE(elsewhere.sets_cookie);
}

TEST_F(GroupBalancerTest, ACookieForWhoCannotBeAskedIsReplaced) {
    group.sticky.cookie = "ringway";
    make();
    const std::string cookie = cookie_for(2);
    EXPECT_TRUE(choose("Cookie: ringway=" + std::string(44, '0') + "\r\n").sets_cookie);
    EXPECT_NE(choose(cookie, {2, 1}).backend, 2U);
    balancer->back_off(2, now + 1s);
    const GroupBalancer::Choice choice = choose(cookie);
    EXPECT_NE(choice.backend, 2U);
    EXPECT_TRUE(choice.sets_cookie);
    unix_time += 2h;
    now += 2s;
    EXPECT_TRUE(choose(cookie).sets_cookie);
}

}  // namespace
}  // namespace ringway::shards
