// Responses: what is read from them, where their bodies end, and by which rules they are refused,
// each with its nearest legal neighbour, whole, cut at every byte, and a byte at a time.
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
using tests::parse_response;
using tests::ParsedResponse;

std::string line(std::string_view status_line) {
    return std::string(status_line) + "\r\nContent-Length: 0\r\n\r\n";
}
std::string fields(std::string_view lines) {
    return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}
std::string old(std::string_view lines) {
    return "HTTP/1.0 200 OK\r\n" + std::string(lines) + "\r\n";
}

TEST(ResponseHead, IsReadIntoItsParts) {
    const std::string head = "HTTP/1.1 404 Not Found \r\nServer: x\r\nContent-Length: 12\r\n\r\n";
    const ParsedResponse parsed = parse_response(head + "body");
    ASSERT_EQ(parsed.result, Parse::complete);
    EXPECT_EQ(parsed.head.bytes, head.size());
    EXPECT_EQ(parsed.head.status, 404);
    EXPECT_EQ(parsed.text(parsed.head.reason), "Not Found ");
    EXPECT_EQ(parsed.head.minor_version, 1);
    EXPECT_EQ(parsed.head.framing, Framing::length);
    EXPECT_EQ(parsed.head.content_length, 12u);
    EXPECT_TRUE(parsed.head.keep_alive);
    EXPECT_EQ(parsed.fields(), (std::vector<std::string>{"Server=x", "Content-Length=12"}));
}

TEST(ResponseHead, MayHaveAnyReasonOrNone) {
    for (const std::string_view reason : {"", " ", " OK", " A longer one: \xc3\xa4\t!", "  "}) {
        const ParsedResponse parsed = parse_response(line("HTTP/1.1 299" + std::string(reason)));
        ASSERT_EQ(parsed.result, Parse::complete) << reason;
        EXPECT_EQ(parsed.head.status, 299);
        EXPECT_EQ(parsed.text(parsed.head.reason), reason.substr(reason.empty() ? 0 : 1));
    }
}

struct FramingCase {
    std::string_view start;
    std::string_view fields;
    Method request;
    Framing framing;
    std::uint64_t length;
    bool keep_alive;
};

TEST(ResponseHead, SaysWhereTheBodyEnds) {
    const std::vector<FramingCase> cases = {
        {"HTTP/1.1 200", "Content-Length: 5\r\n", Method::get, Framing::length, 5, true},
        {"HTTP/1.1 200", "Content-Length: 0\r\n", Method::get, Framing::length, 0, true},
        {"HTTP/1.1 200", "Transfer-Encoding: chunked\r\n", Method::get, Framing::chunked, 0, true},
        {"HTTP/1.1 200", "", Method::get, Framing::until_close, 0, false},
        {"HTTP/1.1 500", "Connection: keep-alive\r\n", Method::post, Framing::until_close, 0,
         false},
        {"HTTP/1.0 200", "", Method::get, Framing::until_close, 0, false},
        {"HTTP/1.0 200", "Content-Length: 5\r\n", Method::get, Framing::length, 5, false},
        {"HTTP/1.0 200", "Content-Length: 5\r\nConnection: keep-alive\r\n", Method::get,
         Framing::length, 5, true},
        {"HTTP/1.1 200", "Content-Length: 5\r\nConnection: close\r\n", Method::get, Framing::length,
         5, false},
        // No body, whatever they say.
        {"HTTP/1.1 200", "Content-Length: 5\r\n", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 200", "Transfer-Encoding: chunked\r\n", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 200", "", Method::head, Framing::none, 0, true},
        {"HTTP/1.1 304", "Content-Length: 5\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 304", "Transfer-Encoding: chunked\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 204", "", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 204", "Content-Length: 0\r\n", Method::get, Framing::none, 0, true},
        {"HTTP/1.1 100", "", Method::post, Framing::none, 0, true},
        {"HTTP/1.1 103", "Link: x\r\n", Method::get, Framing::none, 0, true},
        // They may not say so, and may send the body all the same.
        {"HTTP/1.1 204", "Content-Length: 5\r\n", Method::get, Framing::none, 0, false},
        {"HTTP/1.1 204", "Transfer-Encoding: chunked\r\n", Method::get, Framing::none, 0, false},
        {"HTTP/1.1 103", "Content-Length: 5\r\n", Method::get, Framing::none, 0, false},
    };
    for (const FramingCase& wanted : cases) {
        const std::string head =
            std::string(wanted.start) + " x\r\n" + std::string(wanted.fields) + "\r\n";
        const ParsedResponse parsed = parse_response(head, wanted.request);
        ASSERT_EQ(parsed.result, Parse::complete) << head;
        EXPECT_EQ(parsed.head.framing, wanted.framing) << head;
        EXPECT_EQ(parsed.head.content_length, wanted.length) << head;
        EXPECT_EQ(parsed.head.keep_alive, wanted.keep_alive) << head;
    }
}

TEST(ResponseHead, IsInterimFrom100To199) {
    EXPECT_TRUE(parse_response("HTTP/1.1 100 \r\n\r\n").head.is_interim());
    EXPECT_TRUE(parse_response("HTTP/1.1 199 \r\n\r\n").head.is_interim());
    EXPECT_FALSE(parse_response("HTTP/1.1 200 \r\n\r\n").head.is_interim());
}

TEST(ResponseHead, NeedsNoHostAndMayRepeatIt) {
    EXPECT_EQ(parse_response(fields("Host: a\r\nHost: b/c\r\nExpect: anything\r\n")).result,
              Parse::complete);
}

struct Rule {
    std::string_view name;
    Refusal refusal;
    std::vector<std::string> hostile;
    std::vector<std::string> legal;
};

const std::vector<Rule> rules = {
    {"AStatusLineHasItsForm",
     Refusal::bad_status_line,
     {line("HTTP/1.1  200 OK"),
      line("HTTP/1.1\t200 OK"),
      line("HTTP/1.1 20 OK"),
      line("HTTP/1.1 2000 OK"),
      line("HTTP/1.1 2x0 OK"),
      line("HTTP/1.1 -20 OK"),
      line("HTTP/1.1 099 OK"),
      line("HTTP/1.1 200\tOK"),
      line("HTTP/1.1 200: OK"),
      line("HTTP/1.1 OK"),
      line("http/1.1 200 OK"),
      line("HTTP/1.10 200 OK"),
      line("ICY 200 OK"),
      line(" HTTP/1.1 200 OK"),
      "\r\n" + line("HTTP/1.1 200 OK"),
      line("HTTP/2 200"),
      line("0\r\n\r\nHTTP/1.1 200 OK"),
      line("HTTP/1.1"),
      line("HTTP/1.1 200 O\0K"sv),
      line("HTTP/1.1 200 O\x7fK"),
      line("HTTP/1.1 200 \x1b[m")},
     {line("HTTP/1.1 200 OK"), line("HTTP/1.1 200"), line("HTTP/1.1 100 "),
      line("HTTP/1.1 999 x")}},
    {"AnotherVersionIsNotUnderstood",
     Refusal::bad_version,
     {line("HTTP/2.0 200 OK"), line("HTTP/0.9 200 OK"), line("HTTP/3.1 200 OK")},
     {line("HTTP/1.0 200 OK"), line("HTTP/1.7 200 OK")}},
    {"LinesEndInCrlf",
     Refusal::bad_line_ending,
     {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\rA: b\r\n\r\n",
      fields("A: b\nSet-Cookie: c\r\n"), fields("A: b\rSet-Cookie: c\r\n"),
      fields("A: b\r\n\rX\r\n"), "HTTP/1.1 200\n\r\n"},
     {fields("A: b\r\nSet-Cookie: c\r\n")}},
    {"NoLineIsFolded",
     Refusal::obs_fold,
     {fields("A: b\r\n c\r\n"), fields("A: b\r\n\tc\r\n"), fields(" A: b\r\n")},
     {fields("A: b c\r\n")}},
    {"AFieldNameIsAToken",
     Refusal::bad_field_name,
     {fields("A : b\r\n"), fields(": b\r\n"), fields("A\r\n"), fields("A(: b\r\n"),
      fields("Content-Length : 5\r\n"), fields("\xc3\xa4: b\r\n")},
     {fields("A_b: c\r\n")}},
    {"AFieldValueHasNoControlBytes",
     Refusal::bad_field_value,
     {fields("A: \0\r\n"sv), fields("A: b\x01\r\n"), fields("A: \x7f\r\n"), fields("A: b\x0b\r\n")},
     {fields("A: \t\xff\r\n")}},
    {"ContentLengthIsOneNumber",
     Refusal::bad_content_length,
     {fields("Content-Length: +5\r\n"), fields("Content-Length: 5, 5\r\n"),
      fields("Content-Length: 5\r\nContent-Length: 6\r\n"),
      fields("Content-Length: 5\r\nContent-Length: 5\r\n"),
      fields("Content-Length: 9223372036854775808\r\n"), fields("Content-Length:\r\n"),
      "HTTP/1.1 304 x\r\nContent-Length: x\r\n\r\n"},
     {fields("Content-Length: 5\r\n")}},
    {"TransferEncodingIsChunked",
     Refusal::bad_transfer_encoding,
     {fields("Transfer-Encoding: gzip\r\n"), fields("Transfer-Encoding: gzip, chunked\r\n"),
      fields("Transfer-Encoding: identity\r\n"),
      fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      old("Transfer-Encoding: chunked\r\n"), "HTTP/1.1 204 x\r\nTransfer-Encoding: x\r\n\r\n"},
     {fields("Transfer-Encoding: Chunked\r\n")}},
    {"LengthAndEncodingExcludeEachOther",
     Refusal::length_and_encoding,
     {fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      fields("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
      "HTTP/1.1 304 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
     {fields("Content-Length: 5\r\nTE: chunked\r\n")}},
};

std::string name_of_rule(const testing::TestParamInfo<Rule>& rule) {
    return std::string(rule.param.name);
}

class ResponseRule : public testing::TestWithParam<Rule> {};

void expect_answer(const std::string& head, Parse result, Refusal refusal) {
    const std::string shown = testing::PrintToString(head);
    const auto expect = [&](const ParsedResponse& parsed, std::string_view how, std::size_t where) {
        EXPECT_EQ(parsed.result, result) << how << ' ' << where << " of " << shown;
        EXPECT_EQ(parsed.refusal, refusal) << how << ' ' << where << " of " << shown;
    };
    expect(parse_response(head), "whole", 0);
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        expect(parse_cut<ParsedResponse>(head, cut), "cut at", cut);
    }
    for (const std::size_t step : {1u, 2u, 3u, 7u}) {
        expect(parse_in_steps<ParsedResponse>(head, step), "in steps of", step);
    }
}

TEST_P(ResponseRule, RefusesWhoBreaksIt) {
    ASSERT_GE(GetParam().hostile.size(), 3u);
    for (const std::string& head : GetParam().hostile) {
        expect_answer(head, Parse::refused, GetParam().refusal);
    }
}

TEST_P(ResponseRule, AcceptsWhoKeepsIt) {
    ASSERT_FALSE(GetParam().legal.empty());
    for (const std::string& head : GetParam().legal) {
        expect_answer(head, Parse::complete, Refusal::none);
    }
}

INSTANTIATE_TEST_SUITE_P(All, ResponseRule, testing::ValuesIn(rules), name_of_rule);

}  // namespace
}  // namespace ringway::http
