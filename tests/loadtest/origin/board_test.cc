#include "loadtest/origin/board.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace ringway::loadtest {
namespace {

std::unique_ptr<Board> make_board() {
    core::Result<std::unique_ptr<Board>> board = Board::make();
    EXPECT_TRUE(board);
    return std::move(*board);
}

TEST(Board, SettingsAreReadAsTheyWerePosted) {
    const auto board = make_board();
    board->post(3, {.size = 9, .status = 404});
    EXPECT_EQ(board->settings(3), (Settings{.size = 9, .status = 404}));
}

TEST(Board, EveryPostChangesTheGeneration) {
    const auto board = make_board();
    const std::uint32_t before = board->generation();
    board->post(0, {});
    EXPECT_NE(board->generation(), before);
}

TEST(Board, AnotherMappingOfItSeesTheSame) {
    const auto board = make_board();
    board->post(1, {.size = 5});
    const auto other = Board::open(dup(board->fd()));
    ASSERT_TRUE(other);
    EXPECT_EQ((*other)->settings(1).size, 5U);
    (*other)->counts(1).requests.add(7);
    EXPECT_EQ(board->counts(1).requests.value(), 7U);
    (*other)->note_execution(12);
    EXPECT_EQ(board->executions_of(12), 1U);
}

TEST(Board, AFileOfAnotherSizeIsNotTaken) {
    EXPECT_FALSE(Board::open(dup(STDERR_FILENO)));
}

TEST(Board, AnExecutionIsADuplicateFromTheSecondOn) {
    const auto board = make_board();
    EXPECT_FALSE(board->note_execution(5));
    EXPECT_TRUE(board->note_execution(5));
    EXPECT_FALSE(board->note_execution(6));
    for (int i = 0; i < 1'000; i++) EXPECT_TRUE(board->note_execution(5));
    EXPECT_EQ(board->executions_of(5), 255U);
}

TEST(Board, NumbersBeyondItsEndAreNotToldApart) {
    const auto board = make_board();
    for (const std::uint64_t number : {Board::numbers_max, ~std::uint64_t{0}}) {
        EXPECT_FALSE(board->note_execution(number));
        EXPECT_FALSE(board->note_execution(number));
        EXPECT_EQ(board->executions_of(number), 0U);
    }
}

TEST(Board, AReaderNeverSeesHalfAPost) {
    const auto board = make_board();
    std::thread writer{[&board] {
        for (std::uint32_t i = 1; i <= 20'000; i++) {
            board->post(0, {.size = i, .fault_bytes = i, .queue = i});
        }
    }};
    board->post(1, {});
    std::uint64_t last = 0;
    while (last < 20'000) {
        const Settings seen = board->settings(0);
        if (seen == Settings{} || seen.queue == 0) continue;
        ASSERT_EQ(seen.size, seen.fault_bytes);
        ASSERT_EQ(seen.size, seen.queue);
        ASSERT_GE(seen.size, last);
        last = seen.size;
    }
    writer.join();
}

}  // namespace
}  // namespace ringway::loadtest
