#include "shards/cli/route.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string_view>

#include "balance/ip_hash.h"
#include "core/hash.h"
#include "shards/cli/check.h"
#include "shards/explain_pick.h"

namespace ringway::shards::cli {
namespace {

class Route : public testing::Test {
protected:
    void SetUp() override {
        fd_ = mkstemp(path_);
        ASSERT_GE(fd_, 0);
    }
    void TearDown() override {
        close(fd_);
        unlink(path_);
    }
    void configure(std::string_view group, std::string_view backends = "") {
        const std::string text =
            "[[listen]]\naddress = \"127.0.0.1:1\"\n[[group]]\nname = \"web\"\n" +
            std::string(group) + "\nbackends = [\"10.0.0.1:80\", " +
            "\"10.0.0.2:80\", \"10.0.0.3:80\"" + std::string(backends) + "]\n";
        ASSERT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    Answer ask(std::vector<std::string> key = {}, std::vector<std::string> down = {}) const {
        return route_pick(
            {.file = path_, .group = "web", .key = std::move(key), .down = std::move(down)});
    }
    // What stands behind "picked: ".
    static std::string picked(const Answer& answer) {
        EXPECT_EQ(answer.exit, Exit::ok) << answer.err;
        const std::size_t at = answer.out.find("\npicked: ");
        if (at == answer.out.npos) return answer.out;
        return answer.out.substr(at + 9, answer.out.find('\n', at + 9) - at - 9);
    }

    char path_[32] = "/tmp/ringway_route_XXXXXX";
    int fd_ = -1;
};

TEST_F(Route, ShowsEveryBackendWithItsShareAndWhyItIsPassedOver) {
    configure("algorithm = \"round_robin\"",
              ", { address = \"10.0.0.9:80\", weight = 2, zone = \"far\", backup = true }");
    const Answer answer = ask();
    EXPECT_EQ(answer.exit, Exit::ok);
    EXPECT_EQ(answer.err, "");
    EXPECT_NE(answer.out.find("group web, round_robin\n"), std::string::npos) << answer.out;
    EXPECT_NE(answer.out.find("10.0.0.1:80 0      -    1      1        0   0      -     33.33%"),
              std::string::npos)
        << answer.out;
    EXPECT_NE(answer.out.find("10.0.0.9:80 backup far  2      2        0   0      -     0.00%  "
                              "waits until too little is left of those before it\n"),
              std::string::npos)
        << answer.out;
    EXPECT_NE(answer.out.find("\npicked next, if all is as shown: 10.0.0."), std::string::npos);
}

TEST_F(Route, AKeyHasABackendOfItsOwnAndMovesOnlyWhenThatIsDown) {
    configure("algorithm = \"maglev\"\nkey = \"cookie:session\"");
    std::map<std::string, int> count;
    for (int i = 0; i < 60; i++) {
        const std::string key = "user-" + std::to_string(i);
        const std::string home = picked(ask({key}));
        count[home]++;
        const std::string refuge = picked(ask({key}, {"10.0.0.1:80"}));
        EXPECT_EQ(refuge == home, home != "10.0.0.1:80") << key;
    }
    EXPECT_EQ(count.size(), 3U);
    EXPECT_EQ(picked(ask()), "that depends on the key; give one to know");
}

TEST_F(Route, WhatIsDownIsToldSo) {
    configure("algorithm = \"least_connections\"");
    const Answer answer = ask({}, {"10.0.0.1:80", "10.0.0.2:80"});
    EXPECT_NE(answer.out.find("1      0        0   0      -     0.00%   is down\n"),
              std::string::npos)
        << answer.out;
    EXPECT_NE(answer.out.find("* 10.0.0.3:80"), std::string::npos) << answer.out;
    EXPECT_EQ(picked(ask({}, {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"})), "nobody");
}

TEST_F(Route, ACookieWhoseKeyIsDrawnAtStartIsOnlyMentioned) {
    configure("sticky = { cookie = \"rw\" }");
    EXPECT_NE(ask().out.find("sticky: who has the cookie rw stays with its backend\n"),
              std::string::npos);
}

TEST_F(Route, WhatIsAskedWronglyIsToldInALine) {
    configure("algorithm = \"ring_hash\"\nkey = \"host+client\"");
    struct Row {
        RouteOptions asked;
        std::string why;
    };
    const std::string path = path_;
    for (const auto& [asked, why] : {
             Row{{.file = path_, .group = "wbe"},
                 path + " has no group 'wbe'; did you mean 'web'?"},
             Row{{.file = path_, .group = "elsewhere"},
                 path + " has no group 'elsewhere'; it has web"},
             Row{{.file = path_, .group = "web", .down = {"10.0.0.1:8"}},
                 "group 'web' has no backend '10.0.0.1:8'; did you mean '10.0.0.1:80'?"},
             Row{{.file = path_, .group = "web", .key = {"a"}},
                 "group 'web': its key is host+client, a word for each of its parts; 1 were given"},
             Row{{.file = path_, .group = "web", .key = {"example.com", "me"}},
                 "group 'web': 'me' is no IP address; the client is one, such as 192.0.2.7 or "
                 "2001:db8::7"},
         }) {
        const Answer answer = route_pick(asked);
        EXPECT_EQ(answer.exit, Exit::refused);
        EXPECT_EQ(answer.out, "");
        EXPECT_EQ(answer.err, "ringway: " + why + "\n");
    }
    EXPECT_EQ(picked(ask({"a.example", "192.0.2.7"})), picked(ask({"A.Example", "192.0.2.7"})));
}

TEST_F(Route, AKeyForWhoLooksAtNoneIsRefused) {
    configure("algorithm = \"first\"");
    EXPECT_EQ(ask({"a"}).err,
              "ringway: group 'web': first looks at no key; ip_hash, ring_hash and maglev do\n");
}

TEST_F(Route, AWrongConfigurationIsRefusedAsByCheck) {
    configure("algorithm = \"roundrobin\"");
    const Answer answer = ask();
    EXPECT_EQ(answer.exit, Exit::refused);
    EXPECT_NE(answer.err.find("round_robin"), std::string::npos);
    EXPECT_EQ(answer.err, check({.file = path_}).err);
}

// What a request with that key is hashed to: the same functions, from words.
TEST(KeyOfWords, IsTheKeyOfARequestThatHasThem) {
    config::Group group;
    group.balancing.algorithm = balance::Algorithm::maglev;
    const auto key = [&](std::string_view text, std::vector<std::string> words) {
        group.balancing.key = http::RequestKey::parse(text).value();
        return key_of_words(group, words).value();
    };
    EXPECT_EQ(key("cookie:session", {"abc"}), core::hash64("abc"));
    EXPECT_EQ(key("host", {"Example.COM"}), core::hash64("example.com"));
    EXPECT_EQ(key("path+query:q", {"/a", "b"}), core::hash64("b", core::hash64("/a")));
    const std::uint8_t v4[] = {192, 0, 2, 7};
    EXPECT_EQ(key("client", {"192.0.2.7"}), balance::ip_key(v4, {}));
    EXPECT_EQ(key("client", {"2001:db8::1"}), key("client", {"2001:db8::2"}));
    EXPECT_NE(key("client", {"2001:db8::1"}), key("client", {"2001:db8:0:1::1"}));
    group.balancing.algorithm = balance::Algorithm::ip_hash;
    EXPECT_EQ(key("path", {"192.0.2.7"}), balance::ip_key(v4, {})) << "ip_hash heeds no key";
}

}  // namespace
}  // namespace ringway::shards::cli
