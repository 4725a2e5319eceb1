#include "loadtest/load/request_pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/body_pattern.h"

namespace ringway::loadtest {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

LoadRequest request_of(std::string head, std::uint64_t body_bytes = 0) {
    LoadRequest request;
    request.head = std::move(head);
    request.body_bytes = body_bytes;
    return request;
}

std::vector<std::string> all_of(RequestPieces& pieces) {
    std::vector<std::string> found;
    while (pieces.has_more()) found.push_back(text_of(pieces.next()));
    return found;
}

TEST(RequestPieces, OfARequestWithoutABodyAreItsHead) {
    const LoadRequest request = request_of("GET / HTTP/1.1\r\n\r\n");
    RequestPieces pieces;
    pieces.begin(request);
    EXPECT_EQ(all_of(pieces), std::vector<std::string>{request.head});
}

TEST(RequestPieces, OfAnUploadAreTheHeadAndThePatternWhole) {
    const LoadRequest request = request_of("POST", 2 * pattern_piece_max + 5);
    RequestPieces pieces;
    pieces.begin(request);
    std::string all;
    for (const std::string& piece : all_of(pieces)) {
        EXPECT_LE(piece.size(), pattern_piece_max);
        all += piece;
    }
    ASSERT_EQ(all.size(), request.head.size() + request.body_bytes);
    EXPECT_TRUE(all.starts_with("POST"));
    EXPECT_TRUE(is_pattern(std::as_bytes(std::span{all}).subspan(4), 0));
}

TEST(RequestPieces, OfOneThatDripsAreDropsOfTheHeadAndThenOfTheBody) {
    LoadRequest request = request_of("POST /", 5);
    request.drip.bytes = 4;
    RequestPieces pieces;
    pieces.begin(request);
    EXPECT_EQ(all_of(pieces), (std::vector<std::string>{"POST", " /", "ABCD", "E"}));
}

TEST(RequestPieces, HaveTheNumberOfTheirRequest) {
    LoadRequest request = request_of("GET / HTTP/1.1\r\n\r\n");
    add_number(request);
    RequestPieces pieces;
    for (const std::uint64_t number : {7ULL, 9'999'999'999ULL}) {
        pieces.begin(request, number);
        std::string digits = std::to_string(number);
        digits.insert(0, 10 - digits.size(), '0');
        EXPECT_EQ(
            all_of(pieces),
            std::vector<std::string>{"GET / HTTP/1.1\r\nX-Request-Number: " + digits + "\r\n\r\n"});
    }
    pieces.begin(request);
    EXPECT_EQ(text_of(pieces.next()), request.head);
}

}  // namespace
}  // namespace ringway::loadtest
