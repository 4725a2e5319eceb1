// Backends that refuse connections, seen from a client: as long as somebody can answer, somebody
// does, from the first request on.
#include "tests/shards/shard_fixture.h"

namespace ringway::shards {
namespace {

using namespace std::chrono_literals;

class Refusals : public ShardTest {
protected:
    // So many that refuse, before the one of the fixture, which is a backup if it is there.
    void make(std::size_t dead_count, bool has_backup) {
        config::Group& group = config.groups[0];
        std::vector<config::Backend> backends;
        for (std::size_t i = 0; i < dead_count; i++) {
            const std::string text = "10.2.0." + std::to_string(i + 1) + ":80";
            dead.push_back(std::make_unique<tests::RawHost>(net, text));
            world.add(*dead.back());
            backends.push_back({.address = core::Address::parse(text).value()});
        }
        if (has_backup) {
            backends.push_back(group.backends[0]);
            backends.back().backup = true;
        }
        group.backends = backends;
        start();
    }
    std::string answer_to(std::string_view request) {
        tests::SimPeer& client = connect(request);
        run_for(100ms);
        if (!backend.peers.empty() && !asked().received.empty()) {
            asked().received.clear();
            asked().send("HTTP/1.1 204 No Content\r\n\r\n");
            run_for(100ms);
        }
        return client.received.substr(0, client.received.find("\r\n"));
    }
    std::uint64_t connects() const { return host->shard.upstreams().counters().connects.value(); }
    void TearDown() override {
        ShardTest::TearDown();
        EXPECT_TRUE(until([this] {
            return std::ranges::all_of(dead, [](const auto& each) { return each->finish(); });
        }));
    }

    std::vector<std::unique_ptr<tests::RawHost>> dead;
};

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
constexpr std::string_view answered = "HTTP/1.1 204 No Content";

TEST_F(Refusals, TheFirstRequestIsAnsweredByTheBackupWhenBothPrimariesAreDead) {
    make(2, true);
    EXPECT_EQ(answer_to(get), answered);
    EXPECT_EQ(connects(), 3U);
    EXPECT_EQ(answer_to(get), answered);
    EXPECT_EQ(connects(), 3U) << "who refused is left alone";
}

TEST_F(Refusals, HoweverManyAreDeadSomebodyAnswers) {
    for (config::Group& group : config.groups) group.retry.budget = group.retry.budget_floor = 0;
    make(20, true);
    EXPECT_EQ(answer_to(post), answered);
    EXPECT_EQ(connects(), 21U);
}

TEST_F(Refusals, WhereNobodyIsLeftEachIsAskedAndThenAttemptsCount) {
    make(3, false);
    EXPECT_EQ(answer_to(get), "HTTP/1.1 502 Bad Gateway");
    EXPECT_EQ(connects(), 4U) << "the third was the first attempt, and there was another";
}

TEST_F(Refusals, OneAttemptIsOne) {
    config.groups[0].retry.attempts = 1;
    make(2, true);
    EXPECT_EQ(answer_to(get), "HTTP/1.1 502 Bad Gateway");
    EXPECT_EQ(connects(), 1U);
}

}  // namespace
}  // namespace ringway::shards
