// What has a limit ends at it: exactly, with its own reason, and however the bytes were cut.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using tests::parse_cut;
using tests::parse_in_steps;
using tests::parse_request;
using tests::parse_response;
using tests::ParsedRequest;
using tests::ParsedResponse;

void expect_request(const std::string& head, const HeadLimits& limits, Parse result,
                    Refusal refusal) {
    const ParsedRequest whole = parse_request(head, limits);
    EXPECT_EQ(whole.result, result);
    EXPECT_EQ(whole.refusal, refusal);
    const ParsedRequest stepped = parse_in_steps<ParsedRequest>(head, 1, limits);
    EXPECT_EQ(stepped.result, result);
    EXPECT_EQ(stepped.refusal, refusal);
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        const ParsedRequest parsed = parse_cut<ParsedRequest>(head, cut, limits);
        EXPECT_EQ(parsed.result, result) << cut;
        EXPECT_EQ(parsed.refusal, refusal) << cut;
    }
}

std::string request_with_line_of(std::size_t size) {
    const std::string_view around = "GET / HTTP/1.1";
    return "GET /" + std::string(size - around.size(), 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(RequestLineLimit, CountsTheLineWithoutItsEnd) {
    const HeadLimits limits{.request_line_max = 100};
    expect_request(request_with_line_of(100), limits, Parse::complete, Refusal::none);
    expect_request(request_with_line_of(101), limits, Parse::refused,
                   Refusal::request_line_over_limit);
    expect_request(request_with_line_of(300), limits, Parse::refused,
                   Refusal::request_line_over_limit);
    expect_request("\r\n\r\n" + request_with_line_of(100), limits, Parse::complete, Refusal::none);
}

TEST(RequestLineLimit, HoldsInEveryPartOfTheLine) {
    const std::string long_method(40, 'M');
    for (const std::string& line :
         {long_method, long_method + " / HTTP/1.1", std::string("GET /xxxxxxxxxxxxxxxx HTTP/1.1"),
          std::string("GET /xxxxxxxxxx HTTP/1.1")}) {
        const std::string head = line + "\r\nHost: a\r\n\r\n";
        expect_request(head, {.request_line_max = 20}, Parse::refused,
                       Refusal::request_line_over_limit);
    }
}

TEST(RequestLineLimit, DoesNotWaitForTheEndOfTheLine) {
    const std::string endless = "GET /" + std::string(9'000, 'x');
    EXPECT_EQ(parse_request(endless).refusal, Refusal::request_line_over_limit);
    EXPECT_EQ(parse_in_steps<ParsedRequest>(endless, 1).refusal, Refusal::request_line_over_limit);
    EXPECT_EQ(parse_in_steps<ParsedRequest>(endless, 1'000).refusal,
              Refusal::request_line_over_limit);
}

TEST(HeaderBytesLimit, CountsTheWholeHead) {
    const std::string head =
        "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(100, 'x') + "\r\n\r\n";
    const auto size = static_cast<std::uint32_t>(head.size());
    expect_request(head, {.header_bytes_max = size}, Parse::complete, Refusal::none);
    for (const std::uint32_t less : {1u, 2u, 3u, 4u, 5u, 50u, 110u}) {
        expect_request(head, {.header_bytes_max = size - less}, Parse::refused,
                       Refusal::header_bytes_over_limit);
    }
    expect_request(head + "GET / HTTP/1.1\r\n", {.header_bytes_max = size}, Parse::complete,
                   Refusal::none);
}

TEST(HeaderBytesLimit, DoesNotWaitForTheEndOfTheHead) {
    std::string endless = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (endless.size() < 33'000) endless += "A: " + std::string(500, 'x') + "\r\n";
    EXPECT_EQ(parse_request(endless).refusal, Refusal::header_bytes_over_limit);
    EXPECT_EQ(parse_in_steps<ParsedRequest>(endless, 7).refusal, Refusal::header_bytes_over_limit);
    EXPECT_EQ(parse_in_steps<ParsedResponse>("HTTP/1.1 200 OK\r\n" + endless.substr(16), 7).refusal,
              Refusal::header_bytes_over_limit);
}

TEST(HeaderBytesLimit, IsReachedWithTheByteThatFillsIt) {
    // Not a power of two, at which bytes are looked at again anyway.
    const HeadLimits limits{.header_bytes_max = 300};
    const std::string endless = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(400, 'x');
    EXPECT_EQ(parse_request(endless.substr(0, 299), limits).result, Parse::incomplete);
    const std::string full = endless.substr(0, 300);
    EXPECT_EQ(parse_request(full, limits).refusal, Refusal::header_bytes_over_limit);
    EXPECT_EQ(parse_in_steps<ParsedRequest>(full, 1, limits).refusal,
              Refusal::header_bytes_over_limit);
}

TEST(HeaderBytesLimit, StaysWithinWhatOffsetsCanAddress) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    const HeadLimits limits{.header_bytes_max = 1'000'000};
    const std::size_t padding = head_bytes_addressable - head.size() - 4;
    const ParsedRequest fits = parse_request(head + std::string(padding, 'x') + "\r\n\r\n", limits);
    ASSERT_EQ(fits.result, Parse::complete);
    EXPECT_EQ(fits.head.bytes, head_bytes_addressable);
    EXPECT_EQ(fits.head.fields[1].value.size, padding);
    const std::string longer = head + std::string(padding + 1, 'x') + "\r\n\r\n";
    EXPECT_EQ(parse_request(longer, limits).refusal, Refusal::header_bytes_over_limit);
}

TEST(HeaderCountLimit, CountsFields) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < 10; ++i) head += "A: b\r\n";
    expect_request(head + "\r\n", {.header_count_max = 10}, Parse::complete, Refusal::none);
    expect_request(head + "\r\n", {.header_count_max = 9}, Parse::refused,
                   Refusal::header_count_over_limit);
    expect_request(head + "C: d\r\n\r\n", {.header_count_max = 10}, Parse::refused,
                   Refusal::header_count_over_limit);
}

TEST(HeaderCountLimit, StaysWithinTheTable) {
    const HeadLimits limits{.header_count_max = 100'000};
    std::string lines;
    for (std::size_t i = 0; i < HeadEdits::fields_max; ++i) lines += "A:\r\n";
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n" + lines + "\r\n", Method::get, limits).result,
              Parse::complete);
    EXPECT_EQ(
        parse_response("HTTP/1.1 200 OK\r\n" + lines + "A:\r\n\r\n", Method::get, limits).refusal,
        Refusal::header_count_over_limit);
}

}  // namespace
}  // namespace ringway::http
