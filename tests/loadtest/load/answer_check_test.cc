#include "loadtest/load/answer_check.h"

#include <gtest/gtest.h>

#include <string>

#include "core/hash.h"
#include "loadtest/body_pattern.h"

namespace ringway::loadtest {
namespace {

std::string pattern(std::size_t size) {
    const auto piece = pattern_piece(0, size);
    return {reinterpret_cast<const char*>(piece.data()), piece.size()};
}

class AnswerChecked : public testing::Test {
protected:
    // In pieces of `piece` bytes, as they might arrive.
    std::optional<Mistake> verdict(std::uint16_t status, const std::string& body,
                                   std::size_t piece = 7) {
        check_.begin(request);
        check_.on_head(status);
        for (std::size_t at = 0; at < body.size(); at += piece) {
            check_.on_body(
                std::as_bytes(std::span{body}.subspan(at, std::min(piece, body.size() - at))));
        }
        return check_.finish();
    }

    LoadRequest request;

private:
    FirstBodies firsts_;
    AnswerCheck check_{firsts_};
};

TEST_F(AnswerChecked, TakesAnySuccessOrRedirectionWhenNothingIsSaid) {
    EXPECT_EQ(verdict(200, "a"), std::nullopt);
    EXPECT_EQ(verdict(302, ""), std::nullopt);
    EXPECT_EQ(verdict(404, ""), Mistake::status);
    EXPECT_EQ(verdict(503, ""), Mistake::status);
}

TEST_F(AnswerChecked, TakesOnlyTheStatusThatWasExpected) {
    request.expected.status = 404;
    EXPECT_EQ(verdict(404, "a"), std::nullopt);
    EXPECT_EQ(verdict(200, "a"), Mistake::status);
}

TEST_F(AnswerChecked, FindsABodyThatIsTooShortOrTooLong) {
    request.expected.length = 10;
    EXPECT_EQ(verdict(200, std::string(10, 'x')), std::nullopt);
    EXPECT_EQ(verdict(200, std::string(9, 'x')), Mistake::wrong_length);
    EXPECT_EQ(verdict(200, std::string(11, 'x')), Mistake::wrong_length);
}

TEST_F(AnswerChecked, FindsAnyOneWrongByteOfThePatternHoweverItIsCut) {
    request.expected.body = BodyCheck::pattern;
    const std::string right = pattern(200);
    for (std::size_t piece = 1; piece < 70; piece++) {
        EXPECT_EQ(verdict(200, right, piece), std::nullopt) << piece;
    }
    for (std::size_t at = 0; at < right.size(); at++) {
        std::string body = right;
        body[at] = '!';
        EXPECT_EQ(verdict(200, body), Mistake::wrong_bytes) << at;
    }
}

TEST_F(AnswerChecked, FindsAPieceThatWentMissingOrCameTwice) {
    request.expected.body = BodyCheck::pattern;
    const std::string right = pattern(400);
    EXPECT_EQ(verdict(200, right.substr(0, 100) + right.substr(164)), Mistake::wrong_bytes);
    EXPECT_EQ(verdict(200, right.substr(0, 164) + right.substr(100)), Mistake::wrong_bytes);
}

TEST_F(AnswerChecked, HoldsEveryBodyAgainstTheFirst) {
    request.expected.body = BodyCheck::same;
    EXPECT_EQ(verdict(200, "the very same"), std::nullopt);
    EXPECT_EQ(verdict(200, "the very same"), std::nullopt);
    EXPECT_EQ(verdict(200, "the very sane"), Mistake::wrong_bytes);
    EXPECT_EQ(verdict(200, "the very"), Mistake::wrong_length);
    EXPECT_EQ(verdict(200, "the very same!"), Mistake::wrong_length);
}

TEST_F(AnswerChecked, DoesNotTakeAnErrorPageForTheFirstBody) {
    request.expected.body = BodyCheck::same;
    EXPECT_EQ(verdict(503, "sorry"), Mistake::status);
    EXPECT_EQ(verdict(200, "page"), std::nullopt);
    EXPECT_EQ(verdict(200, "page"), std::nullopt);
}

TEST_F(AnswerChecked, TakesOnlyABodyWithTheHashThatWasExpected) {
    request.expected.body = BodyCheck::hash;
    request.expected.hash = core::hash64("the right one");
    EXPECT_EQ(verdict(200, "a wrong first"), Mistake::wrong_bytes);
    EXPECT_EQ(verdict(200, "the right one"), std::nullopt);
    EXPECT_EQ(verdict(200, "the right one"), std::nullopt);
    EXPECT_EQ(verdict(200, "the wrong one"), Mistake::wrong_bytes);
    EXPECT_EQ(verdict(200, "the right on"), Mistake::wrong_length);
    EXPECT_EQ(verdict(503, "the right one"), Mistake::status);
}

TEST(AnswerCheck, HoldsTwoFirstAnswersAgainstEachOther) {
    LoadRequest request;
    request.expected.body = BodyCheck::same;
    FirstBodies firsts;
    AnswerCheck one{firsts};
    AnswerCheck other{firsts};
    one.begin(request);
    other.begin(request);
    one.on_head(200);
    other.on_head(200);
    const std::string a = "aaaa";
    const std::string b = "abaa";
    one.on_body(std::as_bytes(std::span{a}));
    other.on_body(std::as_bytes(std::span{b}));
    EXPECT_EQ(one.finish(), std::nullopt);
    EXPECT_EQ(other.finish(), Mistake::wrong_bytes);
}

}  // namespace
}  // namespace ringway::loadtest
