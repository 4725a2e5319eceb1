#include "http/access_line.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "http/request_id.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using namespace std::chrono_literals;

class AccessLine : public testing::Test {
protected:
    std::string line(AccessFormat format) {
        core::TextWriter writer{*space_};
        write_access_line(format, record,
                          {.wall_time = wall_time_, .since_1970 = 1'795'176'000s + 7ms}, writer);
        return std::string{writer.written()};
    }
    void parse(std::string_view text) {
        request_.emplace(tests::parse_request(text));
        ASSERT_EQ(request_->result, Parse::complete);
        record.head = &request_->head;
    }

    core::PackedAddress client{core::Address::parse("192.0.2.7:5000").value()};
    ExchangeRecord record{.request_id = "0123",
                          .client = client,
                          .status = 200,
                          .bytes_in = 3,
                          .bytes_out = 1'234,
                          .backend = "10.0.0.1:8080",
                          .attempts = 2,
                          .upstream_was_reused = true,
                          .connect = 12us,
                          .first_byte = 345'678ns,
                          .total = 2ms};

private:
    std::unique_ptr<std::array<char, access_line_bytes_max>> space_ =
        std::make_unique<std::array<char, access_line_bytes_max>>();
    std::optional<tests::ParsedRequest> request_;
    WallTime wall_time_;
};

TEST_F(AccessLine, InJsonIsOneObject) {
    parse(
        "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nUser-Agent: curl/8\r\nReferer: http://r/\r\n"
        "Content-Length: 3\r\n\r\n");
    EXPECT_EQ(line(AccessFormat::json),
              "{\"time\":\"2026-11-20T12:00:00.007Z\",\"client\":\"192.0.2.7\","
              "\"request_id\":\"0123\",\"method\":\"POST\",\"host\":\"h:80\","
              "\"target\":\"/a?b=c\",\"version\":\"1.1\",\"referer\":\"http://r/\","
              "\"user_agent\":\"curl/8\",\"status\":200,\"reason\":\"ok\",\"bytes_in\":3,"
              "\"bytes_out\":1234,\"backend\":\"10.0.0.1:8080\",\"attempts\":2,"
              "\"upstream_reused\":true,\"connect_us\":12,\"first_byte_us\":345,"
              "\"total_us\":2000}\n");
}

TEST_F(AccessLine, InTextIsTheCombinedFormatAndMore) {
    parse("GET / HTTP/1.0\r\nUser-Agent: say \"hi\" \\ \r\n\r\n");
    EXPECT_EQ(line(AccessFormat::text),
              "192.0.2.7 - - [20/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.0\" 200 1234 \"-\" "
              "\"say \\x22hi\\x22 \\x5c\" reason=ok id=\"0123\" host=\"\" backend=10.0.0.1:8080 "
              "attempts=2 reused=true bytes_in=3 connect_us=12 first_byte_us=345 total_us=2000\n");
}

TEST_F(AccessLine, OfARefusedHeadSaysWhatCameInItsPlace) {
    record = {.first_line = "GET /\"\x01\xff", .request_id = "id", .client = client};
    record.reason = Reason::bad_request_line;
    record.status = 400;
    EXPECT_EQ(line(AccessFormat::text),
              "192.0.2.7 - - [20/Nov/2026:12:00:00 +0000] \"GET /\\x22\\x01\\xff\" 400 0 \"-\" "
              "\"-\" reason=bad_request_line id=\"id\" host=\"\" backend=- attempts=0 reused=false "
              "bytes_in=0 connect_us=0 first_byte_us=0 total_us=0\n");
    const std::string json = line(AccessFormat::json);
    EXPECT_NE(json.find("\"first_line\":\"GET /\\\"\\u0001\\u00ff\",\"status\":400,"
                        "\"reason\":\"bad_request_line\""),
              std::string::npos)
        << json;
    EXPECT_EQ(json.find("\"method\""), std::string::npos);
}

TEST_F(AccessLine, OfTheLongestHeadFitsAndIsOneLine) {
    const std::string head = "GET /" + std::string(7'000, '"') +
                             " HTTP/1.1\r\nHost: " + std::string(2'000, 'h') +
                             "\r\nUser-Agent: " + std::string(3'000, '\\') +
                             "\r\nReferer: " + std::string(3'000, '"') + "\r\n\r\n";
    parse(head);
    const std::string id(RequestId::brought_bytes_max, '"');
    const std::string backend(300, '"');
    record.request_id = id;
    record.backend = backend;
    for (const AccessFormat format : {AccessFormat::text, AccessFormat::json}) {
        const std::string text = line(format);
        EXPECT_LE(text.size(), access_line_bytes_max);
        EXPECT_EQ(text.find('\n'), text.size() - 1);
        EXPECT_NE(text.find("...\""), std::string::npos);
    }
}

TEST_F(AccessLine, OfALastFailureSaysWhatItWasAndWhyItWasNotTriedAgain) {
    parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    record.not_retried = NotRetried::budget;
    record.failure = "gone before it answered";
    EXPECT_TRUE(line(AccessFormat::json)
                    .ends_with(",\"total_us\":2000,\"not_retried\":\"budget\","
                               "\"failure\":\"gone before it answered\"}\n"));
    EXPECT_TRUE(line(AccessFormat::text)
                    .ends_with(" total_us=2000 not_retried=budget "
                               "failure=\"gone before it answered\"\n"));
}

TEST_F(AccessLine, ShowsNoNegativeTimeWhenTheClockStoodStill) {
    record.connect = -1us;
    EXPECT_NE(line(AccessFormat::json).find("\"connect_us\":0,"), std::string::npos);
}

}  // namespace
}  // namespace ringway::http
