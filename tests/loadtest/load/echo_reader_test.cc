#include "loadtest/load/echo_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringway::loadtest {
namespace {

using Found = EchoReader::Found;

class EchoReading : public testing::Test {
protected:
    EchoReading() {
        request.expected = {.length = 3, .body = BodyCheck::pattern};
        reader.begin(request);
    }

    // Everything that is found but parts.
    std::vector<Found> read(const std::string& text) {
        std::vector<Found> all;
        auto bytes = std::as_bytes(std::span{text});
        while (!bytes.empty()) {
            const Found found = reader.read(bytes);
            if (found != Found::part) all.push_back(found);
            if (found == Found::stray || found == Found::broken) break;
        }
        return all;
    }

    LoadRequest request;
    FirstBodies firsts;
    EchoReader reader{firsts};
};

TEST_F(EchoReading, TheMessageComesBackWholeOrInFragments) {
    EXPECT_EQ(read("\x82\x03"
                   "ABC"),
              std::vector{Found::echo});
    EXPECT_EQ(reader.mistake(), std::nullopt);
    reader.begin(request);
    EXPECT_EQ(read("\x02\x01"
                   "A"),
              std::vector<Found>{});
    EXPECT_EQ(read("\x80\x02"
                   "BC"),
              std::vector{Found::echo});
    EXPECT_EQ(reader.mistake(), std::nullopt);
}

TEST_F(EchoReading, AnotherMessageIsAMistake) {
    EXPECT_EQ(read("\x82\x03"
                   "ABD"),
              std::vector{Found::echo});
    EXPECT_EQ(reader.mistake(), Mistake::wrong_bytes);
    reader.begin(request);
    EXPECT_EQ(read("\x82\x02"
                   "AB"),
              std::vector{Found::echo});
    EXPECT_EQ(reader.mistake(), Mistake::wrong_length);
}

TEST_F(EchoReading, APingBetweenFragmentsIsToBeAnswered) {
    EXPECT_EQ(read("\x02\x01"
                   "A"
                   "\x89\x02"
                   "hi"),
              std::vector{Found::ping});
    EXPECT_EQ(reader.pong(), write_pong("hi"));
    EXPECT_EQ(read("\x80\x02"
                   "BC"),
              std::vector{Found::echo});
}

TEST_F(EchoReading, AMessageThatNobodySentIsStray) {
    EXPECT_EQ(read("\x82\x03"
                   "ABC"),
              std::vector{Found::echo});
    EXPECT_EQ(read("\x82\x03"
                   "ABC"),
              std::vector{Found::stray});
}

TEST_F(EchoReading, WhatStandsBehindTheEchoIsNotTakenForTheNextOnes) {
    EXPECT_EQ(read("\x82\x03"
                   "ABC"
                   "\x82\x03"
                   "ABC"),
              std::vector{Found::broken});
    EXPECT_EQ(reader.mistake(), Mistake::wrong_bytes);
}

TEST_F(EchoReading, ACloseAndWhatIsNoFrameEndIt) {
    EXPECT_EQ(read(std::string{"\x88\x00", 2}), std::vector{Found::broken});
    EXPECT_EQ(reader.mistake(), Mistake::read);
    EchoReader other{firsts};
    std::string masked = "\x82\x83";
    auto bytes = std::as_bytes(std::span{masked});
    EXPECT_EQ(other.read(bytes), Found::broken);
    EXPECT_EQ(other.mistake(), Mistake::malformed);
}

}  // namespace
}  // namespace ringway::loadtest
