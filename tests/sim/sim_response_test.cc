#include "tests/sim/sim_response.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ringway::sim {
namespace {

using Progress = SimResponse::Progress;

// A ledger whose exchange 0 is a GET answered with a body.
class SimResponseTest : public testing::Test {
protected:
    SimResponseTest() {
        while (ledger.size() == 0 || exchange().method != SimMethod::get ||
               !exchange().has_answer_body() || exchange().answer_bytes < 10) {
            ledger.plan(0, false);
        }
        number = static_cast<std::uint32_t>(ledger.size() - 1);
        response.expect(number);
    }
    const SimLedger::Exchange& exchange() const {
        return ledger.exchange(static_cast<std::uint32_t>(ledger.size() - 1));
    }
    std::string head(std::uint32_t id, std::string_view framing) const {
        return fmt::format("HTTP/1.1 {} x\r\nx-sim-id: {}\r\nx-sim-backend: 2\r\n{}\r\n",
                           exchange().status, id, framing);
    }
    std::string length() const {
        return fmt::format("Content-Length: {}\r\n", exchange().answer_bytes);
    }
    std::string body(std::uint32_t backend = 2) const {
        return std::string(SimLedger::answer_text(number, backend, exchange().answer_bytes));
    }
    Progress read(const std::string& bytes) {
        response.add(bytes);
        return response.read();
    }
    Invariant violated() const { return ledger.violations().at(0).invariant; }

    SimLedger ledger{7, 1'000, false};
    SimResponse response{ledger};
    std::uint32_t number = 0;
};

TEST_F(SimResponseTest, TakesTheAnswerThatWasMeantInAnyPieces) {
    const std::string whole = head(number, length()) + body();
    for (std::size_t i = 0; i + 1 < whole.size(); i++) {
        ASSERT_EQ(read(whole.substr(i, 1)), Progress::more) << i;
    }
    EXPECT_EQ(read(whole.substr(whole.size() - 1)), Progress::whole);
    EXPECT_TRUE(ledger.violations().empty());
}

TEST_F(SimResponseTest, NoticesTheAnswerOfAnotherExchange) {
    EXPECT_EQ(read(head(number + 1, length())), Progress::broken);
    EXPECT_EQ(violated(), Invariant::answers_go_to_their_request);
}

TEST_F(SimResponseTest, NoticesOneWrongByte) {
    std::string bytes = body();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    EXPECT_EQ(read(head(number, length()) + bytes), Progress::broken);
    EXPECT_EQ(violated(), Invariant::answers_go_to_their_request);
}

TEST_F(SimResponseTest, NoticesTheBodyOfAnotherBackend) {
    EXPECT_EQ(read(head(number, length()) + body(1)), Progress::broken);
}

TEST_F(SimResponseTest, NoticesAShortBodyThatLooksWhole) {
    const std::string part = body().substr(0, 5);
    EXPECT_EQ(
        read(head(number, "Transfer-Encoding: chunked\r\n") + "5\r\n" + part + "\r\n0\r\n\r\n"),
        Progress::broken);
    EXPECT_EQ(violated(), Invariant::answers_are_whole_or_cut);
}

TEST_F(SimResponseTest, NoticesAnEarlyEndThatNothingTellsFromTheRightOne) {
    EXPECT_EQ(read(head(number, "") + body().substr(0, 5)), Progress::more);
    EXPECT_EQ(response.on_stream_end(), Progress::broken);
}

TEST_F(SimResponseTest, LeavesAnAnswerThatWasCutUnfinished) {
    EXPECT_EQ(read(head(number, length()) + body().substr(0, 5)), Progress::more);
    EXPECT_EQ(response.on_stream_end(), Progress::more);
    EXPECT_TRUE(ledger.violations().empty());
}

TEST_F(SimResponseTest, TellsAnErrorOfTheProxyFromAnAnswerFromNowhere) {
    EXPECT_EQ(read("HTTP/1.1 502 x\r\nContent-Length: 2\r\n\r\nno"), Progress::own_error);
    response.expect(number);
    EXPECT_EQ(read("HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok"), Progress::broken);
    EXPECT_EQ(violated(), Invariant::answers_go_to_their_request);
}

}  // namespace
}  // namespace ringway::sim
