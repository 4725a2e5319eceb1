#include "loadtest/origin/control.h"

#include <gtest/gtest.h>

namespace ringway::loadtest {
namespace {

struct NoProcesses final : Processes {
    std::string kill(std::uint32_t number) override {
        killed = number;
        return "";
    }
    std::string start(std::uint32_t) override { return "it runs"; }
    std::uint32_t killed = 99;
};

class ControlRoutesTest : public testing::Test {
protected:
    ControlRoutesTest() {
        for (std::uint32_t i = 0; i < 3; i++) board_->post(i, {});
    }
    ControlAnswer get(std::string_view target) { return routes_.answer(http::Method::get, target); }
    ControlAnswer post(std::string_view target) {
        return routes_.answer(http::Method::post, target);
    }

    std::unique_ptr<Board> board_ = std::move(*Board::make());
    Report report_{*board_, std::vector<Place>(3)};
    NoProcesses processes_;
    ControlRoutes routes_{*board_, report_, &processes_};
};

TEST_F(ControlRoutesTest, WhatIsUnknownIsAnsweredWithWhatIsKnown) {
    for (const char* target : {"", "/x", "/backends/", "/backends/x", "/backends/1/2", "/numbers/x",
                               "/counts/1", "//", "/backends/-1", "/backends/99999999999"}) {
        EXPECT_EQ(get(target).status, 404U) << target;
        EXPECT_NE(get(target).body.find("GET  /counts"), std::string::npos) << target;
    }
    EXPECT_EQ(get("/backends/3").status, 404U);
    EXPECT_EQ(post("/backends/3?size=1").status, 404U);
    EXPECT_EQ(post("/counts").status, 404U);
    EXPECT_EQ(routes_.answer(http::Method::delete_, "/backends/0").status, 404U);
}

TEST_F(ControlRoutesTest, SetsOneOrAll) {
    EXPECT_EQ(post("/backends/1?size=7&status=404").status, 200U);
    EXPECT_EQ(board_->settings(1), (Settings{.size = 7, .status = 404}));
    EXPECT_EQ(board_->settings(0), Settings{});
    EXPECT_EQ(post("/backends?size=9").status, 200U);
    for (std::uint32_t i = 0; i < 3; i++) EXPECT_EQ(board_->settings(i).size, 9U);
    EXPECT_EQ(board_->settings(1).status, 404U);
}

TEST_F(ControlRoutesTest, EscapesInAQueryAreRead) {
    EXPECT_EQ(post("/backends/0?delay=uniform%3A1ms%3a2ms").status, 200U);
    EXPECT_EQ(board_->settings(0).delay.kind, Delay::Kind::uniform);
}

TEST_F(ControlRoutesTest, AnErrorIsJsonWhateverWasAsked) {
    const ControlAnswer answer = post("/backends/0?delay=%22%0a\\%zz%");
    EXPECT_EQ(answer.status, 400U);
    EXPECT_TRUE(answer.body.starts_with("{\"error\": \"delay: '???%zz%' is not DELAY (time "));
    EXPECT_TRUE(answer.body.ends_with("pareto:MINIMUM:SHAPE)\"}\n"));
}

TEST_F(ControlRoutesTest, MovesProcessesWhereThereAreSome) {
    EXPECT_EQ(post("/backends/2/kill").status, 200U);
    EXPECT_EQ(processes_.killed, 2U);
    EXPECT_EQ(post("/backends/2/start").body, "{\"error\": \"it runs\"}\n");
    EXPECT_EQ(post("/backends/2/dance").status, 404U);
    ControlRoutes alone{*board_, report_, nullptr};
    EXPECT_EQ(alone.answer(http::Method::post, "/backends/2/kill").status, 409U);
}

TEST_F(ControlRoutesTest, TellsHowOftenANumberWasExecuted) {
    board_->note_execution(17);
    EXPECT_EQ(get("/numbers/17").body, "{\"number\": 17, \"executed\": 1}\n");
    EXPECT_EQ(get("/numbers/18").body, "{\"number\": 18, \"executed\": 0}\n");
}

}  // namespace
}  // namespace ringway::loadtest
