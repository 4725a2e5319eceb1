#include "http/failed_backends.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::http {
namespace {

std::vector<std::uint32_t> after(std::initializer_list<std::uint32_t> failures) {
    FailedBackends failed;
    for (const std::uint32_t backend : failures) failed.add({backend});
    std::vector<std::uint32_t> known;
    for (const core::BackendId backend : failed.all()) known.push_back(backend.value);
    return known;
}

using Known = std::vector<std::uint32_t>;

TEST(FailedBackends, AreKnownInTheOrderInWhichTheyFailed) {
    EXPECT_EQ(after({}), Known{});
    EXPECT_EQ(after({0}), Known{0});
    EXPECT_EQ(after({3, 0, 2}), (Known{3, 0, 2}));
}

TEST(FailedBackends, WhoFailsAgainIsTheLastAndStandsThereOnce) {
    EXPECT_EQ(after({5, 5}), Known{5});
    EXPECT_EQ(after({3, 0, 3}), (Known{0, 3}));
    EXPECT_EQ(after({1, 2, 3, 4, 2}), (Known{1, 3, 4, 2}));
    EXPECT_EQ(after({1, 2, 3, 4, 4}), (Known{1, 2, 3, 4}));
}

TEST(FailedBackends, TheOldestIsForgottenForTheNewest) {
    EXPECT_EQ(after({1, 2, 3, 4, 5}), (Known{2, 3, 4, 5}));
    EXPECT_EQ(after({1, 2, 3, 4, 5, 1, 6}), (Known{4, 5, 1, 6}));
}

}  // namespace
}  // namespace ringway::http
