// Nonsense is refused as soon as it is seen, and refusals have their status and their word. The
// rules themselves are in refusal_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using namespace std::literals;
using tests::parse_cut;
using tests::parse_in_steps;
using tests::parse_request;
using tests::ParsedRequest;

TEST(EarlyRefusal, DoesNotWaitForTheRestOfNonsense) {
    const std::vector<std::string> nonsense = {
        "\x16\x03\x01\x02"s,
        "\0"s,
        "GET\0"s,
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "HELO a\r\n",
        "GET / HTTP/2.0",
        "GET / HTTP/1.1\n",
        "GET x HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nA\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n",
    };
    for (const std::string& bytes : nonsense) {
        EXPECT_EQ(parse_request(bytes).result, Parse::refused) << testing::PrintToString(bytes);
    }
}

TEST(EarlyRefusal, NoticesNonsenseWhenTheBytesHaveDoubled) {
    const std::string start = "GET / HTTP/1.1\r\nA: b\r\n";
    const std::string bytes = start + std::string(start.size(), '\x01');
    EXPECT_EQ(parse_in_steps<ParsedRequest>(bytes + bytes, 1).refusal, Refusal::bad_field_name);
}

TEST(EarlyRefusal, NoticesABareLfWhenItComes) {
    const std::string bytes = "GET / HTTP/1.1\r\nA: b\n";
    EXPECT_EQ(parse_cut<ParsedRequest>(bytes, bytes.size() - 1).refusal, Refusal::bad_line_ending);
}

TEST(Refusals, HaveTheirStatus) {
    EXPECT_EQ(status_of(Refusal::bad_request_line), 400);
    EXPECT_EQ(status_of(Refusal::bad_host), 400);
    EXPECT_EQ(status_of(Refusal::length_and_encoding), 400);
    EXPECT_EQ(status_of(Refusal::bad_chunk), 400);
    EXPECT_EQ(status_of(Refusal::chunk_over_limit), 400);
    EXPECT_EQ(status_of(Refusal::method_refused), 405);
    EXPECT_EQ(status_of(Refusal::request_timeout), 408);
    EXPECT_EQ(status_of(Refusal::request_line_over_limit), 414);
    EXPECT_EQ(status_of(Refusal::bad_expectation), 417);
    EXPECT_EQ(status_of(Refusal::header_bytes_over_limit), 431);
    EXPECT_EQ(status_of(Refusal::header_count_over_limit), 431);
    EXPECT_EQ(status_of(Refusal::trailers_over_limit), 431);
    EXPECT_EQ(status_of(Refusal::bad_version), 505);
}

TEST(Refusals, AreCalledByTheirWord) {
    EXPECT_EQ(name_of(Refusal::bad_host), "bad_host");
    EXPECT_EQ(name_of(Refusal::length_and_encoding), "length_and_encoding");
    EXPECT_EQ(name_of(Refusal::header_count_over_limit), "header_count_over_limit");
}

}  // namespace
}  // namespace ringway::http
