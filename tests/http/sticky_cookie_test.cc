#include "http/sticky_cookie.h"

#include <gtest/gtest.h>

#include <array>

#include "core/prng.h"

namespace ringway::http {
namespace {

using namespace std::chrono_literals;

constexpr StickyKey first_key{.id = 1, .key = {.low = 0x0706050403020100, .high = 0xf}};
constexpr StickyKey second_key{.id = 200, .key = {.low = 4'711, .high = 815}};

class StickyCookieTest : public testing::Test {
protected:
    StickyCookie make(std::vector<StickyKey> keys = {first_key}) const {
        return {settings, keys, backends};
    }
    // The value alone, as a client sends it back.
    std::string value(const StickyCookie& cookie, std::size_t backend, core::Duration at) const {
        std::array<char, StickyCookie::text_max> space{};
        const std::string text{cookie.write(backend, at, space)};
        return text.substr(settings.cookie.size() + 1, StickyCookie::value_bytes);
    }

    StickySettings settings{.cookie = "ringway", .ttl = 1h, .domain = {}, .key_file = {}};
    std::vector<std::string> backends{"10.0.0.1:80", "10.0.0.2:80", "unix:/run/app.sock"};
    core::Duration now = 1'790'000'000s;
};

TEST_F(StickyCookieTest, NamesTheBackendAgain) {
    const StickyCookie cookie = make();
    for (std::size_t i = 0; i < backends.size(); i++) {
        const auto reading = cookie.read(value(cookie, i, now), now + 1min);
        ASSERT_TRUE(reading);
        EXPECT_EQ(reading->backend, i);
        EXPECT_FALSE(reading->is_due);
    }
}

TEST_F(StickyCookieTest, IsTheSameForWhoHasTheSameKeysWhateverTheOrderOfTheBackends) {
    const StickyCookie here = make();
    std::swap(backends[0], backends[2]);
    const StickyCookie there = make();
    EXPECT_EQ(there.read(value(here, 0, now), now)->backend, 2U);
    EXPECT_EQ(value(here, 0, now), value(there, 2, now));
}

// Golden: a release that wrote another would lose every session.
TEST_F(StickyCookieTest, IsWrittenInOneWayForEver) {
    const StickyCookie cookie = make();
    std::array<char, StickyCookie::text_max> space{};
    EXPECT_EQ(cookie.write(1, now, space),
              "ringway=01006ab1499099a1a0eaa4f30f56b17ac5e21176445c; Max-Age=3600; Path=/; "
              "HttpOnly; SameSite=Lax");
}

TEST_F(StickyCookieTest, CarriesTheAttributesItIsTold) {
    settings.domain = "example.com";
    settings.path = "/shop";
    settings.secure = true;
    settings.http_only = false;
    settings.same_site = SameSite::none;
    settings.ttl = 90s;
    std::array<char, StickyCookie::text_max> space{};
    const std::string text{make().write(0, now, space)};
    EXPECT_TRUE(
        text.ends_with("; Max-Age=90; Path=/shop; Domain=example.com; Secure; SameSite=None"))
        << text;
}

TEST_F(StickyCookieTest, ShowsNoAddress) {
    const StickyCookie cookie = make();
    std::array<char, StickyCookie::text_max> space{};
    EXPECT_EQ(cookie.write(0, now, space).find("10.0"), std::string_view::npos);
}

TEST_F(StickyCookieTest, IsDueAtHalfItsTimeAndNothingAfterIt) {
    const StickyCookie cookie = make();
    const std::string text = value(cookie, 0, now);
    EXPECT_FALSE(cookie.read(text, now + 30min)->is_due);
    EXPECT_TRUE(cookie.read(text, now + 31min)->is_due);
    EXPECT_TRUE(cookie.read(text, now + 1h - 1s));
    EXPECT_FALSE(cookie.read(text, now + 1h));
}

TEST_F(StickyCookieTest, OfAnOldKeyIsBelievedAndDue) {
    const std::string text = value(make({first_key}), 1, now);
    const auto reading = make({second_key, first_key}).read(text, now);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->backend, 1U);
    EXPECT_TRUE(reading->is_due);
    EXPECT_FALSE(make({second_key}).read(text, now));
}

TEST_F(StickyCookieTest, OfABackendThatIsGoneIsNothing) {
    const std::string text = value(make(), 2, now);
    backends.pop_back();
    EXPECT_FALSE(make().read(text, now));
}

TEST_F(StickyCookieTest, ThatIsChangedInAnyPlaceIsNothing) {
    const StickyCookie cookie = make({first_key, second_key});
    const std::string text = value(cookie, 1, now);
    for (std::size_t i = 0; i < text.size(); i++) {
        for (const char byte : {'0', '1', 'f', 'F', 'g', ' ', '\0', '\xff'}) {
            std::string forged = text;
            if (forged[i] == byte) continue;
            forged[i] = byte;
            EXPECT_FALSE(cookie.read(forged, now)) << forged;
        }
        EXPECT_FALSE(cookie.read(text.substr(0, i), now));
        EXPECT_FALSE(cookie.read(text.substr(i + 1), now));
    }
    EXPECT_FALSE(cookie.read(text + "0", now));
}

TEST(StickyKeys, AreReadWithTheirIds) {
    std::string problem;
    const auto keys = parse_sticky_keys(
        "# the new one\n7 000102030405060708090a0b0c0d0e0f\n\n"
        "  6\tffffffffffffffffffffffffffffffff  \r\n",
        problem);
    EXPECT_EQ(problem, "");
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].id, 7);
    EXPECT_EQ(keys[0].key.high, 0x0001020304050607U);
    EXPECT_EQ(keys[0].key.low, 0x08090a0b0c0d0e0fU);
    EXPECT_EQ(keys[1].id, 6);
}

TEST(StickyKeys, ThatAreWrongAreToldWithTheirLine) {
    struct Row {
        std::string_view text;
        std::string_view problem;
    };
    for (const auto& [text, expected] : {
             Row{"", "there is no key in it"},
             Row{"# nothing\n", "there is no key in it"},
             Row{"000102030405060708090a0b0c0d0e0f",
                 "line 1 has no id from 0 to 255 before its key"},
             Row{"\n256 000102030405060708090a0b0c0d0e0f",
                 "line 2 has no id from 0 to 255 before its key"},
             Row{"1 000102030405060708090a0b0c0d0e",
                 "line 1 has no key of 32 hex digits (0-9, a-f)"},
             Row{"1 000102030405060708090A0b0c0d0e0f",
                 "line 1 has no key of 32 hex digits (0-9, a-f)"},
             Row{"1 000102030405060708090a0b0c0d0e0f0",
                 "line 1 has no key of 32 hex digits (0-9, a-f)"},
             Row{"1 000102030405060708090a0b0c0d0e0f\n1 000102030405060708090a0b0c0d0e0f",
                 "line 2 has the id 1 again"},
         }) {
        std::string problem;
        EXPECT_TRUE(parse_sticky_keys(text, problem).empty()) << text;
        EXPECT_EQ(problem, expected) << text;
    }
}

}  // namespace
}  // namespace ringway::http
