// pool.connects_per_second: how a share that moves to a backend opens its connections.
#include "shards/connect_turns.h"

#include "tests/shards/pool_fixture.h"

namespace ringway::shards::fakes {
namespace {

using namespace std::chrono_literals;
using core::Errc;

class ConnectTurnsTest : public PoolTest {
protected:
    // One shard, ten connections a second, one of them at once.
    void make_paced(std::size_t backend_count = 1, std::size_t listening = 1,
                    std::uint32_t per_second = 10) {
        config.groups.resize(1);
        config.groups[0].pool.connects_per_second = per_second;
        make(backend_count, listening);
    }
    // So many at the same moment.
    std::vector<Asking*> acquire_many(int count, const http::Selection& selection = repeatable()) {
        std::vector<Asking*> many;
        for (int i = 0; i < count; i++) {
            askings.push_back(std::make_unique<Asking>());
            many.push_back(askings.back().get());
        }
        act([&] {
            for (Asking* asking : many) host->pool.acquire(selection, *asking, asking->heard);
        });
        return many;
    }
    std::uint64_t connects() const { return host->pool.counters().connects.value(); }
    std::uint64_t paced() const { return host->pool.counters().connects_paced.value(); }
    static std::size_t given(const std::vector<Asking*>& many) {
        std::size_t count = 0;
        for (const Asking* asking : many) count += asking->pick.has_value() ? 1 : 0;
        return count;
    }
    void use_all(const std::vector<Asking*>& many) {
        for (Asking* asking : many) {
            if (asking->pick) use(*asking);
        }
    }
};

TEST_F(ConnectTurnsTest, ConnectionsAreOpenedAtTheBoundedRateAndNobodyFails) {
    make_paced();
    const std::vector<Asking*> many = acquire_many(8);
    EXPECT_EQ(connects(), 1U);
    EXPECT_EQ(paced(), 7U);
    run_for(350ms);
    EXPECT_EQ(connects(), 4U);
    run_for(400ms);
    EXPECT_EQ(connects(), 8U);
    settle();
    EXPECT_EQ(given(many), 8U);
    use_all(many);
}

TEST_F(ConnectTurnsTest, WithoutABoundNobodyWaits) {
    make_paced(1, 1, 0);
    const std::vector<Asking*> many = acquire_many(8);
    settle();
    EXPECT_EQ(given(many), 8U);
    EXPECT_EQ(paced(), 0U);
    use_all(many);
}

TEST_F(ConnectTurnsTest, WhoHasWaitedForTheTimeOfAConnectIsToldSo) {
    make_paced();
    const std::vector<Asking*> many = acquire_many(30);
    run_for(config.groups[0].timeout.connect + 10ms);
    std::size_t refused = 0;
    for (const Asking* asking : many) {
        if (!asking->error) continue;
        refused++;
        EXPECT_EQ(asking->error->code, Errc::timed_out);
        EXPECT_EQ(asking->error->side, core::Side::us);
        EXPECT_EQ(http::reason_of_upstream(*asking->error, http::Stage::connecting),
                  http::Reason::connect_paced);
    }
    EXPECT_NEAR(static_cast<double>(refused), 20, 1);
    settle();
    EXPECT_EQ(given(many) + refused, 30U);
    use_all(many);
}

TEST_F(ConnectTurnsTest, AConnectionThatBecomesIdleGoesToWhoWaitsFirst) {
    make_paced(1, 1, 1);
    Asking& first = acquire();
    const std::vector<Asking*> many = acquire_many(2);
    // Theirs is due in a second; the first gives its own back before.
    use(first);
    EXPECT_EQ(connects(), 1U);
    ASSERT_TRUE(many[0]->pick.has_value());
    EXPECT_TRUE(many[0]->pick->is_reused);
    EXPECT_FALSE(many[1]->is_answered());
    use(*many[0]);
    run_for(1s);
    use(*many[1]);
    EXPECT_LE(connects(), 2U);
}

TEST_F(ConnectTurnsTest, WhoComesLaterStandsBehindThoseWhoWait) {
    make_paced(1, 1, 1);
    Asking& first = acquire();
    const std::vector<Asking*> many = acquire_many(1);
    Asking* late = nullptr;
    // In the very moment in which a connection becomes idle.
    act([&] {
        use(first);
        late = acquire_many(1)[0];
    });
    settle();
    EXPECT_TRUE(many[0]->pick.has_value());
    EXPECT_FALSE(late->is_answered());
    use(*many[0]);
    run_for(2s);
    ASSERT_TRUE(late->pick.has_value());
    use(*late);
}

TEST_F(ConnectTurnsTest, WhoWaitsForABackendThatRefusedIsSentToOneThatDidNot) {
    make_paced(2, 1);
    // Two are tried at once, and the others wait, half of them for the one that will refuse.
    const std::vector<Asking*> many = acquire_many(8);
    settle();
    std::size_t sent_away = 0;
    for (const Asking* asking : many) sent_away += asking->error ? 1 : 0;
    EXPECT_EQ(sent_away, 4U);
    run_for(1s);
    EXPECT_EQ(given(many), 4U);
    use_all(many);
}

TEST_F(ConnectTurnsTest, WhoGivesUpLeavesTheLine) {
    make_paced();
    const std::vector<Asking*> many = acquire_many(4);
    act([&] {
        host->pool.cancel(*many[2]);
        host->pool.cancel(*many[1]);
    });
    run_for(1s);
    EXPECT_EQ(connects(), 2U);
    EXPECT_TRUE(many[3]->pick.has_value());
    EXPECT_FALSE(many[1]->is_answered());
    use_all(many);
}

TEST_F(ConnectTurnsTest, WhereABackendRefusesThoseWhoWaitGoElsewhereAtOnce) {
    make_paced(1, 0);
    const std::vector<Asking*> many = acquire_many(4);
    settle();
    for (const Asking* asking : many) {
        ASSERT_TRUE(asking->error.has_value());
        EXPECT_EQ(asking->error->code, Errc::refused);
        EXPECT_EQ(asking->error->retry, core::Retry::yes);
    }
}

TEST_F(ConnectTurnsTest, TheBoundIsThatOfOneBackend) {
    make_paced(3, 3);
    const std::vector<Asking*> many = acquire_many(6);
    EXPECT_EQ(connects(), 3U);
    run_for(200ms);
    settle();
    EXPECT_EQ(given(many), 6U);
    use_all(many);
}

}  // namespace
}  // namespace ringway::shards::fakes
