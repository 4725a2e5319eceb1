// Every rule by which a request is refused: at least three ways to break it, and next to them the
// nearest head that keeps it. Each is shown whole, cut in two at every byte, and a byte at a time;
// the answer has to be the same.
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

struct Rule {
    std::string_view name;
    Refusal refusal;
    std::vector<std::string> hostile;
    std::vector<std::string> legal;
};

// A head that is right but for what is given.
std::string line(std::string_view request_line) {
    return std::string(request_line) + "\r\nHost: a\r\n\r\n";
}
std::string fields(std::string_view lines) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}
std::string host(std::string_view value) {
    return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n";
}
std::string old(std::string_view lines) {
    return "POST /x HTTP/1.0\r\n" + std::string(lines) + "\r\n";
}

const std::vector<Rule> start_line_rules = {
    {"OneSpaceBetweenParts",
     Refusal::bad_request_line,
     {line("GET  / HTTP/1.1"), line("GET /  HTTP/1.1"), line("GET\t/ HTTP/1.1"),
      line("GET /\tHTTP/1.1"), line(" GET / HTTP/1.1"), line("GET / HTTP/1.1 "),
      line("GET / x HTTP/1.1"), line("GET / HTTP/1.1\t")},
     {line("GET / HTTP/1.1")}},
    {"AMethodIsAToken",
     Refusal::bad_request_line,
     {line("G(T / HTTP/1.1"), line("\"GET\" / HTTP/1.1"), line("G\xc3\x84T / HTTP/1.1"),
      line("G\0T / HTTP/1.1"sv), line("\x16\x03\x01 / HTTP/1.1"), line("GET: / HTTP/1.1"),
      line("/ HTTP/1.1"), line("GET,POST / HTTP/1.1")},
     {line("G!T / HTTP/1.1"), line("BASELINE-CONTROL / HTTP/1.1")}},
    {"ATargetHasOneOfFourForms",
     Refusal::bad_request_line,
     {line("GET x HTTP/1.1"), line("GET * HTTP/1.1"), line("OPTIONS ** HTTP/1.1"),
      line("GET host:80 HTTP/1.1"), line("GET ftp://a/ HTTP/1.1"), line("GET http:/a HTTP/1.1"),
      line("GET ?q HTTP/1.1"), line("GET ../x HTTP/1.1"), line("GET http:// HTTP/1.1"),
      line("GET http:///x HTTP/1.1"), line("GET http://?x HTTP/1.1"),
      line("GET httpx://a/ HTTP/1.1"), line("GET @a/ HTTP/1.1")},
     {line("GET / HTTP/1.1"), line("OPTIONS * HTTP/1.1"), line("GET http://a HTTP/1.1"),
      line("GET hTTps://a/ HTTP/1.1")}},
    {"TheAuthorityOfATargetIsAHost",
     Refusal::bad_request_line,
     {line("GET http://user@a/ HTTP/1.1"), line("GET http://user:pass@a/ HTTP/1.1"),
      line("GET http://a:b/ HTTP/1.1"), line("GET http://a:80:80/ HTTP/1.1"),
      line("GET http://[::1/ HTTP/1.1"), line("GET http://a\\b/ HTTP/1.1"),
      line("GET http://a,b/ HTTP/1.1"), line("GET http://:80/ HTTP/1.1")},
     {line("GET http://a:80/ HTTP/1.1"), line("GET http://a/user@b HTTP/1.1")}},
    {"ATargetHasNoBytesThatUrisDoNotHave",
     Refusal::bad_request_line,
     {line("GET /#x HTTP/1.1"), line("GET /a?b#c HTTP/1.1"), line("GET /\xc3\xa4 HTTP/1.1"),
      line("GET /\x7f HTTP/1.1"), line("GET /\x01 HTTP/1.1"), line("GET /\0 HTTP/1.1"sv),
      line("GET /\x1b[m HTTP/1.1"), line("GET /a\x0bHTTP/1.1")},
     {line("GET /%23 HTTP/1.1"), line("GET /%C3%A4 HTTP/1.1"), line("GET /%00 HTTP/1.1")}},
    {"AVersionIsSpelledExactly",
     Refusal::bad_request_line,
     {line("GET / http/1.1"), line("GET / HTTP/1.10"), line("GET / HTTP/11"),
      line("GET / HTTP/1,1"), line("GET / HTTP/1."), line("GET / HTTP/ 1.1"),
      line("GET / HTTPS/1.1"), line("GET / HTTP/x.1"), line("GET / HTTP/1.x"),
      line("GET / ICY/1.1"), line("GET / HTTP/1.1x"), line("GET / ")},
     {line("GET / HTTP/1.1"), line("GET / HTTP/1.0"), line("GET / HTTP/1.9")}},
    {"AnotherVersionIsNotServed",
     Refusal::bad_version,
     {line("GET / HTTP/2.0"), line("GET / HTTP/0.9"), line("GET / HTTP/3.1"),
      line("GET / HTTP/9.9"), line("GET /"), line("GET /x?y"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
     {line("GET / HTTP/1.2")}},
    {"TunnelsAndEchoesAreNotServed",
     Refusal::method_refused,
     {line("CONNECT a:443 HTTP/1.1"), line("TRACE / HTTP/1.1"), line("CONNECT / HTTP/1.1"),
      line("TRACE http://a/ HTTP/1.1"), line("CONNECT a:443 HTTP/1.0")},
     {line("CONNECTED / HTTP/1.1"), line("trace / HTTP/1.1"), line("Connect / HTTP/1.1")}},
    {"NoMoreThanFourEmptyLinesComeFirst",
     Refusal::bad_request_line,
     {"\r\n\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1"),
      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1"),
      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"},
     {"\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1")}},
};

const std::vector<Rule> field_rules = {
    {"LinesEndInCrlf",
     Refusal::bad_line_ending,
     {"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", fields("A: b\nC: d\r\n"),
      fields("A: b\rC: d\r\n"), fields("A: b\r\r\n"), "GET / HTTP/1.1\r\nHost: a\r\n\n\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", "\r" + line("GET / HTTP/1.1"),
      "GET /\nHost: a\r\n\r\n", fields("A: b\n\r\n"), fields("\nA: b\r\n"),
      fields("A: b\r\n\r") + "\r\n"},
     {fields("A: b\r\nC: d\r\n")}},
    {"NoLineIsFolded",
     Refusal::obs_fold,
     {fields("A: b\r\n c\r\n"), fields("A: b\r\n\tc\r\n"), fields(" A: b\r\n"),
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n", fields("A:\r\n \r\n"),
      fields("Content-Length: 5\r\n 5\r\n"), fields("Transfer-Encoding: chunked\r\n , x\r\n"),
      fields("\t\r\n")},
     {fields("A: b c\r\n"), fields("A: \tb\r\n")}},
    {"AFieldNameIsAToken",
     Refusal::bad_field_name,
     {fields("A : b\r\n"), fields("A\t: b\r\n"), fields(": b\r\n"), fields("A\r\n"),
      fields("A(): b\r\n"), fields("A b: c\r\n"), fields("\xc3\x84: b\r\n"), fields("A\0: b\r\n"sv),
      fields("A\x7f: b\r\n"), fields("A/B: c\r\n"), fields("Transfer-Encoding : chunked\r\n"),
      fields("A@b: c\r\n"), fields("Content-Length\x0b: 1\r\n"), fields("A[]: b\r\n"),
      fields("\x01"
             "A: b\r\n"),
      fields("Content_Length\x80: b\r\n")},
     {fields("A: b\r\n"), fields("A!#$%&'*+-.^_`|~1: b\r\n")}},
    {"AFieldValueHasNoControlBytes",
     Refusal::bad_field_value,
     {fields("A: \0\r\n"sv), fields("A: b\x01\r\n"), fields("A: \x7f\r\n"), fields("A: b\x0b\r\n"),
      fields("A: b\x0c"
             "c\r\n"),
      fields("A: \x1b[31m\r\n"), fields("A: b\b\r\n"),
      fields("A:\x1f"
             "b\r\n"),
      fields("Transfer-Encoding: \x0b"
             "chunked\r\n"),
      fields("Content-Length: 5\0\r\n"sv), host("a\0b"sv), fields("A: 0123456789abcdef\x01\r\n")},
     {fields("A: \t b\tc \t\r\n"), fields("A: \x80\xff\r\n"), fields("A:\r\n")}},
};

const std::vector<Rule> routing_rules = {
    {"Http11HasOneHost",
     Refusal::bad_host,
     {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.2\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "OPTIONS * HTTP/1.1\r\nA: b\r\n\r\n"},
     {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"}},
    {"AHostIsAHostAndMaybeAPort",
     Refusal::bad_host,
     {host(""),
      host("a b"),
      host("a,b"),
      host("a, b"),
      host("a/b"),
      host("user@a"),
      host("a?b"),
      host("a#b"),
      host("a\\b"),
      host("http://a"),
      host("a:b"),
      host("a:80:80"),
      host("a:65536"),
      host("a:123456"),
      host("a:-1"),
      host("a:+80"),
      host("a: 80"),
      host(":80"),
      host("[::1"),
      host("::1"),
      host("[]"),
      host("[::1]x"),
      host("[1.2.3.4]"),
      host("[::g]"),
      host("a%4"),
      host("a%zz"),
      host("a%"),
      host("\xc3\xa4"),
      host("a\"b"),
      host("<a>"),
      host("a|b"),
      host("[fe80::1%eth0]"),
      host("{a}"),
      "GET http://a/ HTTP/1.1\r\nHost: a/b\r\n\r\n",
      host("[" + std::string(60, ':') + "]")},
     {host("a"), host("a:80"), host("a:65535"), host("a:"), host("[::1]:80"), host("a%41"),
      host("a_b.example."), host("(a)")}},
};

const std::vector<Rule> framing_rules = {
    {"ContentLengthIsDigits",
     Refusal::bad_content_length,
     {fields("Content-Length: +5\r\n"), fields("Content-Length: -5\r\n"),
      fields("Content-Length:\r\n"), fields("Content-Length: 5 5\r\n"),
      fields("Content-Length: 0x5\r\n"), fields("Content-Length: 5.0\r\n"),
      fields("Content-Length: 5;\r\n"), fields("Content-Length: five\r\n"),
      fields("Content-Length: 1e3\r\n"), fields("Content-Length: \"5\"\r\n"),
      fields("Content-Length: 5_0\r\n"), fields("Content-Length: \xd9\xa5\r\n"),
      old("Content-Length: +5\r\n")},
     {fields("Content-Length: 5\r\n"), fields("Content-Length:\t5 \r\n"),
      old("Content-Length: 5\r\n")}},
    {"ContentLengthIsSaidOnce",
     Refusal::bad_content_length,
     {fields("Content-Length: 5, 5\r\n"), fields("Content-Length: 5,6\r\n"),
      fields("Content-Length: 5\r\nContent-Length: 6\r\n"),
      fields("Content-Length: 5\r\ncontent-length: 5\r\n"), fields("Content-Length: 5,\r\n"),
      fields("Content-Length: ,5\r\n"),
      fields("Content-Length: 0\r\nA: b\r\nContent-Length: 5\r\n")},
     {fields("Content-Length: 5\r\nContent-Lengths: 6\r\n")}},
    {"ContentLengthDoesNotOverflow",
     Refusal::bad_content_length,
     {fields("Content-Length: 9223372036854775808\r\n"),
      fields("Content-Length: 18446744073709551616\r\n"),
      fields("Content-Length: 99999999999999999999999999\r\n"),
      fields("Content-Length: 18446744073709551621\r\n"),
      fields("Content-Length: 00000000000000000005\r\n")},
     {fields("Content-Length: 9223372036854775807\r\n"),
      fields("Content-Length: 0000000000000000005\r\n")}},
    {"TransferEncodingIsChunked",
     Refusal::bad_transfer_encoding,
     {fields("Transfer-Encoding: gzip\r\n"), fields("Transfer-Encoding: gzip, chunked\r\n"),
      fields("Transfer-Encoding: chunked, gzip\r\n"),
      fields("Transfer-Encoding: chunked, chunked\r\n"), fields("Transfer-Encoding: xchunked\r\n"),
      fields("Transfer-Encoding: chunkedx\r\n"), fields("Transfer-Encoding: identity\r\n"),
      fields("Transfer-Encoding: \"chunked\"\r\n"), fields("Transfer-Encoding: chunked;q=1\r\n"),
      fields("Transfer-Encoding:\r\n"), fields("Transfer-Encoding: chunked,\r\n"),
      fields("Transfer-Encoding: ,chunked\r\n"), fields("Transfer-Encoding: c hunked\r\n"),
      fields("Transfer-Encoding: chun\xc5\xbf"
             "ed\r\n"),
      fields("Transfer-Encoding: cow\r\nContent-Length: 5\r\n")},
     {fields("Transfer-Encoding: chunked\r\n"), fields("transfer-ENCODING:ChUnKeD\t\r\n")}},
    {"TransferEncodingIsSaidOnce",
     Refusal::bad_transfer_encoding,
     {fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
      fields("Transfer-Encoding: chunked\r\nA: b\r\ntransfer-encoding:\r\n")},
     {fields("Transfer-Encoding: chunked\r\nTransfer_Encoding: x\r\n")}},
    {"Http10HasNoTransferEncoding",
     Refusal::bad_transfer_encoding,
     {old("Transfer-Encoding: chunked\r\n"), old("Transfer-Encoding: identity\r\n"),
      old("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      old("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nHost: a\r\n")},
     {old("Content-Length: 5\r\n"), fields("Transfer-Encoding: chunked\r\n")}},
    {"LengthAndEncodingExcludeEachOther",
     Refusal::length_and_encoding,
     {fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      fields("Transfer-Encoding: CHUNKED\r\nA: b\r\ncontent-length: 0\r\n")},
     {fields("Content-Length: 5\r\n"), fields("Transfer-Encoding: chunked\r\n")}},
    {"OnlyOneExpectationIsKnown",
     Refusal::bad_expectation,
     {fields("Expect: 200-ok\r\n"), fields("Expect:\r\n"), fields("Expect: 100-continue, x\r\n"),
      fields("Expect: 100\r\n"), fields("Expect: 100-continue\r\nExpect: x\r\n"),
      fields("Expect: 100-continue;a=b\r\n"), old("Expect: x\r\n")},
     {fields("Expect: 100-Continue\r\n"),
      fields("Expect: 100-continue\r\nExpect: 100-continue\r\n")}},
    {"ConnectionHasFewOptions",
     Refusal::bad_field_value,
     {fields("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
             "28,29,30,31,32,33\r\n"),
      fields("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
             "28,29,30\r\nConnection: 31\r\nConnection: close, 33\r\n"),
      fields(
          "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n")},
     {fields("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
             "28,29,30,31,32\r\n"),
      fields("Connection: ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,close\r\n")}},
};

// How GoogleTest names the tests of a rule.
std::string name_of_rule(const testing::TestParamInfo<Rule>& rule) {
    return std::string(rule.param.name);
}

class RequestRule : public testing::TestWithParam<Rule> {};

void expect_answer(const std::string& head, Parse result, Refusal refusal) {
    const std::string shown = testing::PrintToString(head);
    const auto expect = [&](const ParsedRequest& parsed, std::string_view how, std::size_t where) {
        EXPECT_EQ(parsed.result, result) << how << ' ' << where << " of " << shown;
        EXPECT_EQ(parsed.refusal, refusal) << how << ' ' << where << " of " << shown;
    };
    expect(parse_request(head), "whole", 0);
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        expect(parse_cut<ParsedRequest>(head, cut), "cut at", cut);
    }
    for (const std::size_t step : {1u, 2u, 3u, 7u}) {
        expect(parse_in_steps<ParsedRequest>(head, step), "in steps of", step);
    }
}

TEST_P(RequestRule, RefusesWhoBreaksIt) {
    ASSERT_GE(GetParam().hostile.size(), 3u);
    for (const std::string& head : GetParam().hostile) {
        expect_answer(head, Parse::refused, GetParam().refusal);
    }
}

TEST_P(RequestRule, AcceptsWhoKeepsIt) {
    ASSERT_FALSE(GetParam().legal.empty());
    for (const std::string& head : GetParam().legal) {
        expect_answer(head, Parse::complete, Refusal::none);
    }
}

INSTANTIATE_TEST_SUITE_P(StartLine, RequestRule, testing::ValuesIn(start_line_rules), name_of_rule);
INSTANTIATE_TEST_SUITE_P(Fields, RequestRule, testing::ValuesIn(field_rules), name_of_rule);
INSTANTIATE_TEST_SUITE_P(Routing, RequestRule, testing::ValuesIn(routing_rules), name_of_rule);
INSTANTIATE_TEST_SUITE_P(Framing, RequestRule, testing::ValuesIn(framing_rules), name_of_rule);

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
