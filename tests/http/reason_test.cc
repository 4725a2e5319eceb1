#include "http/reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace ringway::http {
namespace {

using core::Errc;

Reason reason_at(std::size_t i) {
    return static_cast<Reason>(i);
}

TEST(Reason, EachHasAWordOfItsOwnInSmallLetters) {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < reason_count; i++) {
        const std::string_view word = name_of(reason_at(i));
        EXPECT_TRUE(words.insert(word).second) << word;
        EXPECT_FALSE(word.empty());
        EXPECT_TRUE(std::ranges::all_of(word, [](char c) {
            return (c >= 'a' && c <= 'z') || c == '_';
        })) << word;
    }
}

TEST(Reason, EachButSuccessHasAnErrorStatusAndAnErrorOfProxyStatus) {
    EXPECT_EQ(proxy_error_of(Reason::ok), "");
    for (std::size_t i = 1; i < reason_count; i++) {
        EXPECT_GE(status_of(reason_at(i)), 400) << name_of(reason_at(i));
        EXPECT_LT(status_of(reason_at(i)), 600) << name_of(reason_at(i));
        EXPECT_FALSE(proxy_error_of(reason_at(i)).empty()) << name_of(reason_at(i));
    }
}

TEST(Reason, ARefusalKeepsItsWordAndStatus) {
    EXPECT_EQ(name_of(reason_of(Refusal::obs_fold)), "obs_fold");
    EXPECT_EQ(name_of(reason_of(Refusal::bad_request_line)), "bad_request_line");
    EXPECT_EQ(name_of(reason_of(Refusal::request_timeout)), "request_timeout");
    for (auto i = static_cast<unsigned>(Refusal::bad_request_line);
         i <= static_cast<unsigned>(Refusal::request_timeout); i++) {
        const auto refusal = static_cast<Refusal>(i);
        EXPECT_EQ(name_of(refusal), name_of(reason_of(refusal)));
        EXPECT_EQ(status_of(refusal), status_of(reason_of(refusal)));
    }
}

TEST(Reason, ATimeoutSaysWhichOne) {
    const core::Error late{.code = Errc::timed_out, .side = core::Side::upstream};
    EXPECT_EQ(reason_of_upstream(late, Stage::connecting), Reason::connect_timeout);
    EXPECT_EQ(reason_of_upstream(late, Stage::asking), Reason::first_byte_timeout);
    EXPECT_EQ(reason_of_upstream(late, Stage::answering), Reason::between_bytes_timeout);
}

TEST(Reason, AResetSaysWhetherAnAnswerHadBegun) {
    const core::Error reset{.code = Errc::reset, .side = core::Side::upstream};
    EXPECT_EQ(reason_of_upstream(reset, Stage::asking), Reason::upstream_reset);
    EXPECT_EQ(reason_of_upstream(reset, Stage::answering), Reason::upstream_cut);
}

TEST(Reason, AClientIsGoneOrStalledOrWasCutByUs) {
    EXPECT_EQ(reason_of_client({.code = Errc::reset}), Reason::client_gone);
    EXPECT_EQ(reason_of_client({.code = Errc::ended}), Reason::client_gone);
    EXPECT_EQ(reason_of_client({.code = Errc::timed_out}), Reason::client_stalled);
    EXPECT_EQ(reason_of_client({.code = Errc::canceled}), Reason::cut_by_us);
    EXPECT_EQ(reason_of_client({.code = Errc::no_memory}), Reason::no_memory);
}

// Logs are searched and alarms are set on these: they are part of the contract.
TEST(Reason, HasTheWordAndTheStatusThatWerePromised) {
    struct Promise {
        Reason reason;
        std::string_view word;
        int status;
    };
    constexpr Promise promises[] = {
        {Reason::ok, "ok", 200},
        {Reason::no_route, "no_route", 404},
        {Reason::no_backend, "no_backend", 503},
        {Reason::no_memory, "no_memory", 503},
        {Reason::no_tunnel, "no_tunnel", 503},
        {Reason::connect_paced, "connect_paced", 503},
        {Reason::cut_by_us, "cut_by_us", 503},
        {Reason::upstream_unreachable, "upstream_unreachable", 502},
        {Reason::connect_timeout, "connect_timeout", 504},
        {Reason::first_byte_timeout, "first_byte_timeout", 504},
        {Reason::between_bytes_timeout, "between_bytes_timeout", 504},
        {Reason::total_timeout, "total_timeout", 504},
        {Reason::upstream_reset, "upstream_reset", 502},
        {Reason::upstream_cut, "upstream_cut", 502},
        {Reason::upstream_malformed, "upstream_malformed", 502},
        {Reason::client_gone, "client_gone", 499},
        {Reason::client_stalled, "client_stalled", 499},
        {Reason::upgrade_with_body, "upgrade_with_body", 400},
        {Reason::body_over_limit, "body_over_limit", 413},
        {Reason::request_timeout, "request_timeout", 408},
    };
    for (const Promise& promise : promises) {
        EXPECT_EQ(name_of(promise.reason), promise.word);
        EXPECT_EQ(status_of(promise.reason), promise.status) << promise.word;
    }
}

}  // namespace
}  // namespace ringway::http
