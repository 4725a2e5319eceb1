#include "loadtest/load/words.h"

#include <gtest/gtest.h>

namespace ringway::loadtest {
namespace {

LoadWords usual() {
    return {.url = "http://127.0.0.1:8080/path?query", .requests = {RequestWords{}}};
}

std::string why_not(const LoadWords& words) {
    const auto options = understand(words);
    return options ? "" : options.error();
}

TEST(LoadWords, MakeARequestOutOfAUrl) {
    const auto options = understand(usual());
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->target.text(), "127.0.0.1:8080");
    ASSERT_EQ(options->requests.size(), 1U);
    EXPECT_EQ(options->requests[0].head,
              "GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
}

TEST(LoadWords, ReadTheHostsThatAUrlMayHave) {
    LoadWords words = usual();
    words.url = "http://[::1]:81/";
    EXPECT_EQ(understand(words)->target.text(), "[::1]:81");
    words.url = "127.0.0.2";
    EXPECT_EQ(understand(words)->target.text(), "127.0.0.2:80");
}

TEST(LoadWords, TakeHeadersAsTheyAre) {
    LoadWords words = usual();
    words.requests[0].headers = {"HOST: a.example", "Cookie: b=c"};
    EXPECT_EQ(understand(words)->requests[0].head,
              "GET /path?query HTTP/1.1\r\nHOST: a.example\r\nCookie: b=c\r\n\r\n");
}

TEST(LoadWords, SayHowLongABodyIsAndThatTheConnectionEnds) {
    LoadWords words = usual();
    words.closes = true;
    words.requests[0].method = "POST";
    words.requests[0].body = "2k";
    const auto options = understand(words);
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->requests[0].body_bytes, 2'048U);
    EXPECT_EQ(options->requests[0].head,
              "POST /path?query HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 2048\r\n"
              "Connection: close\r\n\r\n");
}

TEST(LoadWords, ReadRatesAndShares) {
    LoadWords words = usual();
    words.rate = "2.5k/s";
    words.active = "10%";
    EXPECT_EQ(understand(words)->rate, 2'500);
    EXPECT_EQ(understand(words)->active, 0.1);
}

TEST(LoadWords, TakeAsManyThreadsAsTheDescriptorsDemand) {
    LoadWords words = usual();
    EXPECT_EQ(understand(words)->threads, 1U);
    words.connections = 2 * descriptors_max();
    words.sources = "100";
    if (words.connections > 1'000'000) GTEST_SKIP() << "this machine has no limit to speak of";
    EXPECT_EQ(understand(words)->threads, 3U);
    words.threads = 2;
    EXPECT_NE(why_not(words).find("need 3 threads"), std::string::npos) << why_not(words);
}

TEST(LoadWords, ReadWhatAnAnswerHasToBe) {
    LoadWords words = usual();
    words.requests[0].expect_body = "xxh64:0123456789abcdef";
    words.requests[0].expect_backend_header = "X-Served-By";
    const auto options = understand(words);
    ASSERT_TRUE(options) << options.error();
    const Expected& expected = options->requests[0].expected;
    EXPECT_EQ(expected.body, BodyCheck::hash);
    EXPECT_EQ(expected.hash, 0x0123'4567'89ab'cdefU);
    EXPECT_EQ(expected.backend_header, "x-served-by");
}

TEST(LoadWords, LeaveRoomForANumberInEveryHead) {
    LoadWords words = usual();
    words.number = 7;
    const auto options = understand(words);
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->first_number, 7U);
    std::string head = options->requests[0].head;
    write_number(options->requests[0], 1234, head);
    EXPECT_EQ(head,
              "GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
              "X-Request-Number: 0000001234\r\n\r\n");
}

RequestWords& ask_messages(LoadWords& words) {
    words.websocket = true;
    words.requests[0].body = "5";
    return words.requests[0];
}

struct Refused {
    void (*spoil)(LoadWords& words);
    std::string_view says;
};

TEST(LoadWords, RefuseWhatCannotBeMeant) {
    const Refused refusals[]{
        {[](LoadWords& words) { words.url = "https://127.0.0.1/"; }, "TLS"},
        {[](LoadWords& words) { words.url = "http://:80/"; }, "is no URL"},
        {[](LoadWords& words) { words.url = "http://127.0.0.1:http/"; }, "'http' is no port"},
        {[](LoadWords& words) { words.rate = "fast"; }, "'fast' is not a rate"},
        {[](LoadWords& words) { words.rate = "0"; }, "is not a rate"},
        {[](LoadWords& words) { words.arrivals = "bursts"; }, "even or poisson"},
        {[](LoadWords& words) { words.active = "120%"; }, "a share is"},
        {[](LoadWords& words) { words.active = "5%"; }, "5% of 10 connections is none"},
        {[](LoadWords& words) { words.websocket = true; }, "of how many bytes is a message"},
        {[](LoadWords& words) { words.websocket = words.closes = true; }, "--websocket or --close"},
        {[](LoadWords& words) { words.websocket = true, words.requests[0].method = "POST"; },
         "messages have no method"},
        {[](LoadWords& words) { words.websocket = true, words.number = 1; },
         "--websocket or --number"},
        {[](LoadWords& words) { ask_messages(words).expect_status = "200"; },
         "leave --expect-status"},
        {[](LoadWords& words) { ask_messages(words).expect_length = "5"; }, "leave --expect-"},
        {[](LoadWords& words) { ask_messages(words).expect_body = "same"; }, "leave --expect-"},
        {[](LoadWords& words) { ask_messages(words).expect_backend_header = "x-backend"; },
         "leave --expect-backend-header"},
        {[](LoadWords& words) { ask_messages(words).slow_read = "1s"; }, "leave --slow-read"},
        {[](LoadWords& words) {
             ask_messages(words);
             words.requests.push_back(words.requests[0]);
             words.requests[1].headers = {"a: b"};
         },
         "in the first [[request]]"},
        {[](LoadWords& words) { words.requests[0].drip = "1"; }, "drip"},
        {[](LoadWords& words) { words.requests[0].slow_read = "1"; },
         "--slow-read: '1' is not a time"},
        {[](LoadWords& words) { words.url = ""; }, "whom to ask"},
        {[](LoadWords& words) { words.sources = "here"; }, "'here' is no address"},
        {[](LoadWords& words) { words.sources = "::1"; }, "nobody reaches"},
        {[](LoadWords& words) { words.connections = 60'000, words.sources = "2"; },
         "60000 connections from 2"},
        {[](LoadWords& words) { words.duration = "10"; }, "--duration: '10' is not a time"},
        {[](LoadWords& words) { words.duration = "0"; }, "longer than 0"},
        {[](LoadWords& words) { words.timeout = "0"; }, "longer than 0"},
        {[](LoadWords& words) { words.connections = 0; }, "--connections"},
        {[](LoadWords& words) { words.threads = 11; }, "--threads: 10 is the most"},
        {[](LoadWords& words) { words.requests[0].headers = {"no colon"}; },
         "is not 'Name: value'"},
        {[](LoadWords& words) { words.requests[0].headers = {"a: b\r\nc: d"}; },
         "is not 'Name: value'"},
        {[](LoadWords& words) { words.requests[0].method = "GET /"; }, "cannot be asked for"},
        {[](LoadWords& words) { words.requests[0].body = "some"; }, "'some' is not a number"},
        {[](LoadWords& words) { words.requests[0].think = "long"; }, "--think"},
        {[](LoadWords& words) { words.requests[0].expect_status = "99"; }, "is not a status"},
        {[](LoadWords& words) { words.url = "127.0.0.1:99999"; }, "'99999' is no port"},
        {[](LoadWords& words) { words.receive_buffer = 1ULL << 40; }, "--receive-buffer"},
        {[](LoadWords& words) { words.requests[0].expect_body = "right"; }, "no expectation"},
        {[](LoadWords& words) { words.requests[0].expect_body = "xxh64:12"; }, "sixteen digits"},
        {[](LoadWords& words) { words.requests[0].expect_body = "xxh64:0123456789abcdeg"; },
         "sixteen digits"},
        {[](LoadWords& words) { words.requests[0].weight = "0"; }, "nothing to ask for"},
        {[](LoadWords& words) { words.closes = true, words.active = "0.5"; },
         "--active or --close"},
    };
    for (const Refused& refusal : refusals) {
        LoadWords words = usual();
        refusal.spoil(words);
        const std::string why = why_not(words);
        EXPECT_NE(why.find(refusal.says), std::string::npos) << refusal.says << ": " << why;
    }
}

}  // namespace
}  // namespace ringway::loadtest
