#include "shards/upstream_pool.h"

#include "tests/shards/pool_fixture.h"

namespace ringway::shards {
namespace {

using core::Errc;
using core::Retry;
using fakes::Asking;
using fakes::behind;
using fakes::PoolTest;
using fakes::repeatable;
using namespace std::chrono_literals;

class UpstreamPoolTest : public PoolTest {};

const http::Selection unrepeatable;

http::Selection fresh() {
    http::Selection selection = fakes::repeatable();
    selection.fresh_only = true;
    return selection;
}

// --- Connections are made, lent and kept
// ----------------------------------------------------------

TEST_F(UpstreamPoolTest, AConnectionIsMadeLentAndUsedAgain) {
    make(1, 1);
    Asking& first = acquire();
    ASSERT_TRUE(first.pick.has_value());
    EXPECT_FALSE(first.pick->is_reused);
    EXPECT_EQ(host->pool.in_flight({0}), 1U);
    use(first);
    EXPECT_EQ(host->pool.in_flight({0}), 0U);
    EXPECT_EQ(host->pool.idle_count(), 1U);
    Asking& second = acquire_and_use();
    EXPECT_TRUE(second.pick->is_reused);
    EXPECT_EQ(host->pool.counters().connects.value(), 1U);
    EXPECT_EQ(host->pool.counters().reuses.value(), 1U);
}

TEST_F(UpstreamPoolTest, BackendsTakeTurns) {
    make(3, 3);
    std::array<int, 3> picks{};
    for (int i = 0; i < 30; i++) picks[acquire_and_use().pick->backend.value]++;
    EXPECT_EQ(picks, (std::array{10, 10, 10}));
}

TEST_F(UpstreamPoolTest, TheConnectionThatBecameIdleLastIsLentFirst) {
    make(1, 1);
    Asking& a = acquire();
    Asking& b = acquire();
    Asking& c = acquire();
    ASSERT_EQ(backends[0]->peers.size(), 3U);
    http::UpstreamSide* const order[] = {b.pick->upstream, c.pick->upstream, a.pick->upstream};
    use(a);
    use(c);
    use(b);
    for (http::UpstreamSide* expected : order) EXPECT_EQ(acquire().pick->upstream, expected);
    EXPECT_EQ(backends[0]->peers.size(), 3U);
}

// What its backend said unasked would be taken for the answer to the next request.
TEST_F(UpstreamPoolTest, AConnectionWithUnreadBytesIsNotLent) {
    make(1, 1);
    acquire_and_use();
    std::vector<core::Buffer> taken;
    core::BufferPool& buffers = host->io().pool(core::Pool::upstream);
    while (core::Buffer buffer = buffers.try_take()) taken.push_back(std::move(buffer));
    backends[0]->peers[0]->send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    settle();
    EXPECT_EQ(host->pool.idle_count(), 1U);
    Asking& second = acquire();
    taken.clear();
    use(second);
    EXPECT_FALSE(second.pick->is_reused);
    EXPECT_EQ(second.heard.body, "");
    EXPECT_EQ(backends[0]->peers.size(), 2U);
}

TEST_F(UpstreamPoolTest, NoMoreAreKeptThanTheLimit) {
    config.limits.upstream_idle = 2;
    make(1, 1);
    std::vector<Asking*> all;
    for (int i = 0; i < 5; i++) all.push_back(&acquire());
    for (Asking* asking : all) use(*asking);
    EXPECT_EQ(host->pool.idle_count(), 2U);
    EXPECT_EQ(host->pool.connection_count(), 2U);
}

TEST_F(UpstreamPoolTest, AFreshConnectionIsFreshEvenWhenOneIsIdle) {
    make(1, 1);
    acquire_and_use();
    EXPECT_FALSE(acquire_and_use(fresh()).pick->is_reused);
    EXPECT_EQ(host->pool.counters().connects.value(), 2U);
}

// --- Which connections may carry what must not be repeated
// ----------------------------------------

TEST_F(UpstreamPoolTest, AnUnrepeatableRequestIsNotEntrustedToAConnectionThatIdledLong) {
    make(1, 1);
    acquire_and_use();
    EXPECT_TRUE(acquire_and_use(unrepeatable).pick->is_reused);
    run_for(1s);
    EXPECT_FALSE(acquire_and_use(unrepeatable).pick->is_reused);
    run_for(1s);
    EXPECT_TRUE(acquire_and_use().pick->is_reused);
}

TEST_F(UpstreamPoolTest, AConnectionThatItsBackendEndsIsForgotten) {
    make(1, 1);
    acquire_and_use();
    backends[0]->peers[0]->end();
    settle();
    EXPECT_EQ(host->pool.connection_count(), 0U);
    EXPECT_EQ(host->pool.counters().ended_idle.value(), 1U);
    EXPECT_FALSE(acquire_and_use().pick->is_reused);
}

TEST_F(UpstreamPoolTest, AnIdleConnectionEndsAfterItsTime) {
    make(1, 1);
    acquire_and_use();
    run_for(config.groups[0].timeout.idle + 1s);
    EXPECT_EQ(host->pool.connection_count(), 0U);
}

// --- Backends that cannot be reached
// --------------------------------------------------------------

TEST_F(UpstreamPoolTest, ABackendThatRefusesIsSaidSoAndLeftAloneForAWhile) {
    make(2, 1);
    int refused = 0;
    for (int i = 0; i < 10; i++) {
        Asking& asking = acquire();
        if (asking.pick) {
            use(asking);
            continue;
        }
        refused++;
        EXPECT_EQ(asking.error->code, Errc::refused);
        EXPECT_EQ(asking.error->retry, Retry::yes);
        EXPECT_EQ(asking.failed_backend, core::BackendId{1});
    }
    // Each question takes 0.2 s, so that the second of backing off passes every five; what it is
    // like then is found out at no question's cost.
    EXPECT_EQ(refused, 1);
    EXPECT_GE(host->pool.counters().backoffs.value(), 2U);
    backends[1]->listen(config.groups[0].backends[1].address);
    run_for(1s);
    int given = 0;
    for (int i = 0; i < 10; i++) {
        given += acquire_and_use().pick->backend == core::BackendId{1} ? 1 : 0;
    }
    EXPECT_GE(given, 4);
}

TEST_F(UpstreamPoolTest, WhoRefusesIsSaidToHaveOthersBesideItUntilTheLastHasRefused) {
    make(3, 0);
    EXPECT_TRUE(acquire().others_remain);
    EXPECT_TRUE(acquire().others_remain);
    EXPECT_FALSE(acquire().others_remain);
    EXPECT_FALSE(acquire().others_remain);
}

TEST_F(UpstreamPoolTest, WhereNoConnectionCanBeMadeAKnockIsPutOff) {
    make(2, 1, 1);
    while (!acquire().error) use(*askings.back());
    Asking& lent = acquire();
    run_for(1s);
    // The only place is taken.
    EXPECT_EQ(acquire().error->code, Errc::unavailable);
    use(lent);
    EXPECT_TRUE(acquire_and_use().pick->is_reused);
}

TEST_F(UpstreamPoolTest, ABackendThatCameBackIsUsedAgain) {
    make(1, 0);
    EXPECT_TRUE(acquire().error.has_value());
    backends[0]->listen(config.groups[0].backends[0].address);
    // Nobody else is there, so it is asked although it is being left alone.
    EXPECT_TRUE(acquire_and_use().pick.has_value());
}

TEST_F(UpstreamPoolTest, WhoFailedIsPickedOnlyWhenNobodyElseIsThere) {
    make(3, 3);
    const core::BackendId failed[] = {{1}, {0}};
    for (int i = 0; i < 6; i++) {
        EXPECT_EQ(acquire_and_use(behind(failed)).pick->backend, core::BackendId{2});
    }
}

TEST_F(UpstreamPoolTest, TheOnlyBackendIsPickedEvenIfItFailed) {
    make(1, 1);
    const core::BackendId failed[] = {{0}};
    EXPECT_TRUE(acquire_and_use(behind(failed)).pick.has_value());
}

// --- Limits
// ---------------------------------------------------------------------------------------

TEST_F(UpstreamPoolTest, WithoutAPlaceForAConnectionTheQuestionIsAnsweredAtOnce) {
    make(1, 1, 2);
    Asking& a = acquire();
    Asking& b = acquire();
    Asking& c = acquire();
    ASSERT_TRUE(c.error.has_value());
    EXPECT_EQ(c.error->code, Errc::unavailable);
    EXPECT_EQ(host->pool.counters().over_limit.value(), 1U);
    use(a);
    use(b);
    EXPECT_TRUE(acquire_and_use().pick->is_reused);
}

TEST_F(UpstreamPoolTest, WithoutADescriptorTheQuestionIsAnsweredAtOnce) {
    make(1, 1);
    host->io().set_descriptors_max(0);
    Asking& asking = acquire();
    ASSERT_TRUE(asking.error.has_value());
    EXPECT_EQ(asking.error->code, Errc::no_descriptors);
    EXPECT_EQ(host->pool.connection_count(), 0U);
    host->io().set_descriptors_max(100);
    EXPECT_TRUE(acquire_and_use().pick.has_value());
}

// --- Those who do not wait, and the end
// -----------------------------------------------------------

TEST_F(UpstreamPoolTest, AConnectionThatNobodyWaitsForAnyMoreBecomesIdle) {
    make(1, 1);
    Asking gone;
    act([&] {
        host->pool.acquire(repeatable(), gone, gone.heard);
        EXPECT_NE(gone.pending, nullptr);
        host->pool.cancel(gone);
    });
    settle();
    EXPECT_FALSE(gone.is_answered());
    EXPECT_EQ(gone.pending, nullptr);
    EXPECT_EQ(host->pool.idle_count(), 1U);
    EXPECT_TRUE(acquire_and_use().pick->is_reused);
}

TEST_F(UpstreamPoolTest, ARefusalThatNobodyWaitsForIsHeardByNobody) {
    make(1, 0);
    Asking gone;
    act([&] {
        host->pool.acquire(repeatable(), gone, gone.heard);
        host->pool.cancel(gone);
    });
    settle();
    EXPECT_FALSE(gone.is_answered());
    EXPECT_EQ(host->pool.connection_count(), 0U);
}

TEST_F(UpstreamPoolTest, AShutdownEndsIdleConnectionsAndLentOnesWhenTheyAreGivenBack) {
    make(1, 1);
    Asking& lent = acquire();
    use(acquire());
    EXPECT_EQ(host->pool.connection_count(), 2U);
    act([&] { host->pool.begin_shutdown(); });
    settle();
    EXPECT_EQ(host->pool.connection_count(), 1U);
    use(lent);
    settle();
    EXPECT_EQ(host->pool.connection_count(), 0U);
}

TEST_F(UpstreamPoolTest, ClosingAllFailsWhatIsLent) {
    make(1, 1);
    Asking& lent = acquire();
    act([&] { lent.ask(); });
    act([&] { host->pool.close_all(); });
    EXPECT_TRUE(lent.heard.failed);
    EXPECT_EQ(lent.heard.error.code, Errc::canceled);
    settle();
    EXPECT_EQ(host->pool.connection_count(), 0U);
}

}  // namespace
}  // namespace ringway::shards
