#include "http/trailers.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

std::string allowed(std::string_view trailers) {
    core::BufferPool pool{{.count = 1, .bytes_each = 4'096}};
    core::Buffer lines = pool.try_take();
    lines.append(std::as_bytes(std::span{trailers.data(), trailers.size()}));
    drop_forbidden_trailers(lines);
    return {reinterpret_cast<const char*>(lines.bytes().data()), lines.size()};
}

TEST(Trailers, PassWhatIsKnownOnlyBehindABody) {
    for (const std::string_view name :
         {"Grpc-Status", "grpc-message", "Content-Digest", "Repr-Digest", "Content-MD5", "Digest",
          "ETag", "Server-Timing", "X-Checksum", "x-amz-checksum-crc32", "Signature", "T", "A_b",
          "Accep", "If", "Content", "Cookies", "Authentication-Info", "X-Forwarded"}) {
        EXPECT_TRUE(may_be_trailer(name)) << name;
    }
}

TEST(Trailers, MayNotChangeWhatAHeadHasSaid) {
    for (const std::string_view name :
         {// Framing and what is for one hop.
          "Content-Length", "Transfer-Encoding", "TRAILER", "TE", "Connection", "Keep-Alive",
          "Proxy-Connection", "Upgrade", "HTTP2-Settings",
          // Routing.
          "Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "Max-Forwards",
          // Who asks.
          "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate",
          "Cookie", "Set-Cookie", "Origin", "Sec-Fetch-Site", "Access-Control-Allow-Origin",
          // Conditions, and how the response is to be used.
          "If-Match", "If-None-Match", "If-Modified-Since", "If-Range", "Range", "Expect",
          "Cache-Control", "Pragma", "Age", "Expires", "Date", "Vary", "Location", "Retry-After",
          "Accept", "Accept-Encoding",
          // What the content is.
          "Content-Type", "Content-Encoding", "Content-Range", "Content-Security-Policy",
          // What proxies say.
          "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Prefix", "X-Real-IP", "X-Request-Id",
          "Proxy", "Proxy-Status"}) {
        EXPECT_FALSE(may_be_trailer(name)) << name;
    }
}

TEST(Trailers, MayNotDoSoWithUnderscoresEither) {
    EXPECT_FALSE(may_be_trailer("content_length"));
    EXPECT_FALSE(may_be_trailer("X_FORWARDED_FOR"));
    EXPECT_FALSE(may_be_trailer("Transfer_Encoding"));
    EXPECT_FALSE(may_be_trailer("set_cookie"));
    EXPECT_TRUE(may_be_trailer("content_digest"));
}

TEST(Trailers, KeepTheirOrderAndSpelling) {
    EXPECT_EQ(allowed("b: 1\r\nHost: x\r\nA:2\r\na:\t3 \r\nVia: y\r\nE:\r\n"),
              "b: 1\r\nA:2\r\na:\t3 \r\nE:\r\n");
    EXPECT_EQ(allowed("Host: x\r\n"), "");
    EXPECT_EQ(allowed(""), "");
}

TEST(Trailers, AreForWhoSaysSo) {
    const auto accepts = [](std::string_view version, std::string_view fields) {
        const tests::ParsedRequest parsed =
            tests::parse_request("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                                 std::string(fields) + "\r\n");
        EXPECT_EQ(parsed.result, Parse::complete);
        return accepts_trailers(parsed.head);
    };
    EXPECT_TRUE(accepts("1.1", "TE: trailers\r\n"));
    EXPECT_TRUE(accepts("1.1", "TE: gzip;q=0.3 , TRAILERS\r\n"));
    EXPECT_TRUE(accepts("1.1", "te: gzip\r\nte: trailers\r\n"));
    EXPECT_FALSE(accepts("1.1", ""));
    EXPECT_FALSE(accepts("1.1", "TE: gzip\r\nTrailer: trailers\r\n"));
    EXPECT_FALSE(accepts("1.1", "TE: trailersx\r\n"));
    EXPECT_FALSE(accepts("1.0", "TE: trailers\r\n"));
}

}  // namespace
}  // namespace ringway::http
