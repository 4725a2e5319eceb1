#include "core/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

namespace ringway::core {
namespace {

constexpr Errc every_code[] = {
    Errc::ended,       Errc::reset,          Errc::refused,        Errc::unreachable,
    Errc::timed_out,   Errc::canceled,       Errc::no_buffers,     Errc::no_memory,
    Errc::denied,      Errc::no_descriptors, Errc::address_in_use, Errc::bad_address,
    Errc::unsupported, Errc::malformed,      Errc::over_limit,     Errc::unavailable,
    Errc::unexpected,
};

TEST(Errc, HasADistinctWordForEveryCode) {
    std::set<std::string_view> words;
    for (Errc code : every_code) words.insert(name_of(code));
    EXPECT_EQ(words.size(), std::size(every_code));
}

// Logs, metrics and the operators' alerts are written against these.
TEST(Errc, IsCalledInLogsByTheWordItHasInTheCode) {
    EXPECT_EQ(name_of(Errc::ended), "ended");
    EXPECT_EQ(name_of(Errc::timed_out), "timed_out");
    EXPECT_EQ(name_of(Errc::over_limit), "over_limit");
    EXPECT_EQ(name_of(Side::client), "client");
    EXPECT_EQ(name_of(Side::upstream), "upstream");
    EXPECT_EQ(name_of(Side::us), "us");
}

TEST(ErrcOf, SaysTheSameOfEveryErrnoThatMeansTheSame) {
    constexpr std::pair<int, Errc> expected[] = {
        {ECONNRESET, Errc::reset},
        {EPIPE, Errc::reset},
        {ECONNREFUSED, Errc::refused},
        {ENOENT, Errc::refused},
        {EHOSTUNREACH, Errc::unreachable},
        {ETIMEDOUT, Errc::timed_out},
        {ETIME, Errc::timed_out},
        {ECANCELED, Errc::canceled},
        {ENOBUFS, Errc::no_buffers},
        {EMFILE, Errc::no_descriptors},
        {ENFILE, Errc::no_descriptors},
        {ENOMEM, Errc::no_memory},
        {EACCES, Errc::denied},
        {EADDRINUSE, Errc::address_in_use},
        {EADDRNOTAVAIL, Errc::bad_address},
        {ENOSYS, Errc::unsupported},
    };
    for (const auto& [sys, code] : expected) {
        EXPECT_EQ(errc_of(sys), code) << "errno " << sys;
    }
}

TEST(ErrcOf, CallsAnErrnoItDoesNotKnowUnexpected) {
    EXPECT_EQ(errc_of(EXDEV), Errc::unexpected);
    EXPECT_EQ(errc_of(0), Errc::unexpected);
    EXPECT_EQ(errc_of(1'000'000), Errc::unexpected);
}

}  // namespace
}  // namespace ringway::core
