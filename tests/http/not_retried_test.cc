#include "http/not_retried.h"

#include <gtest/gtest.h>

namespace ringway::http {
namespace {

// Logs are searched for these: they are part of the contract.
TEST(NotRetried, HasTheWordsThatWerePromised) {
    EXPECT_EQ(name_of(NotRetried::answer_began), "answer_began");
    EXPECT_EQ(name_of(NotRetried::kind), "kind");
    EXPECT_EQ(name_of(NotRetried::not_idempotent), "not_idempotent");
    EXPECT_EQ(name_of(NotRetried::body_sent), "body_sent");
    EXPECT_EQ(name_of(NotRetried::attempts), "attempts");
    EXPECT_EQ(name_of(NotRetried::budget), "budget");
}

}  // namespace
}  // namespace ringway::http
