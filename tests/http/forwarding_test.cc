#include "http/forwarding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/h1_writer.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using tests::parse_request;
using tests::parse_response;
using tests::ParsedRequest;
using tests::ParsedResponse;

constexpr ForwardingSettings nothing_added = {.x_forwarded_for = false,
                                              .x_forwarded_proto = false,
                                              .x_forwarded_host = false,
                                              .via = false,
                                              .x_request_id = false};

struct Forwarder {
    ForwardingContext context{.client_host = "192.0.2.7",
                              .scheme = "https",
                              .listen_port = "443",
                              .via = "1.1 ringway",
                              .request_id = "id-1",
                              .default_host = "fallback",
                              .trusts_client = false};
    ForwardingSettings settings = nothing_added;
    std::size_t arena_bytes = forwarding_arena_bytes;

    // What a backend gets for a request of these bytes.
    std::string request(std::string_view bytes) const {
        const ParsedRequest parsed = parse_request(bytes);
        EXPECT_EQ(parsed.result, Parse::complete) << bytes;
        HeadEdits edits;
        std::string arena(arena_bytes, '#');
        edit_request(parsed.head, context, settings, arena, edits);
        std::string space(written_size_max(parsed.head, edits), '#');
        space.resize(write_request_head(parsed.head, edits, {}, space));
        EXPECT_EQ(parse_request(space).result, Parse::complete) << space;
        return space;
    }
    // The lines of fields only, of GET / with Host: a and these.
    std::string fields(std::string_view lines) const {
        const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
        const std::string written = request(start + std::string(lines) + "\r\n");
        EXPECT_TRUE(written.starts_with(start)) << written;
        return written.substr(start.size(), written.size() - start.size() - 2);
    }
    std::string response(std::string_view bytes) const {
        const ParsedResponse parsed = parse_response(bytes);
        EXPECT_EQ(parsed.result, Parse::complete) << bytes;
        HeadEdits edits;
        edit_response(parsed.head, context, settings, edits);
        std::string space(written_size_max(parsed.head, edits), '#');
        space.resize(write_response_head(parsed.head, edits, {}, space));
        return space;
    }
};

TEST(Forwarding, AddsWhatBackendsExpectByDefault) {
    Forwarder forwarder;
    forwarder.settings = {};
    EXPECT_EQ(forwarder.fields("Accept: */*\r\n"),
              "Accept: */*\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
              "X-Forwarded-Host: a\r\nVia: 1.1 ringway\r\nX-Request-Id: id-1\r\n");
}

TEST(Forwarding, AddsPortAndRealIpWhenAsked) {
    Forwarder forwarder;
    forwarder.settings.x_forwarded_port = true;
    forwarder.settings.x_real_ip = true;
    EXPECT_EQ(forwarder.fields(""), "X-Forwarded-Port: 443\r\nX-Real-IP: 192.0.2.7\r\n");
}

TEST(Forwarding, DropsWhatWasMeantForThisHop) {
    Forwarder forwarder;
    forwarder.settings.trailers = false;
    EXPECT_EQ(forwarder.fields("Connection: keep-alive, TE\r\nKeep-Alive: timeout=5\r\n"
                               "Proxy-Connection: x\r\nKept: 1\r\nTE: trailers\r\nTrailer: X\r\n"
                               "Transfer-Encoding: chunked\r\nUpgrade: h2c\r\n"
                               "Proxy-Authorization: Basic x\r\nProxy-Authenticate: x\r\n"),
              "Kept: 1\r\n");
}

TEST(Forwarding, TellsABackendThatTrailersAreWelcomeAndNothingElseOfTe) {
    const Forwarder forwarder;
    const std::string said = "Connection: TE\r\nTE: trailers\r\n";
    EXPECT_EQ(forwarder.fields("Connection: TE\r\nTE: trailers\r\n"), said);
    EXPECT_EQ(forwarder.fields("TE: gzip;q=0.5, Trailers\r\nconnection: te, close\r\n"), said);
    EXPECT_EQ(forwarder.fields("TE: gzip\r\nTE: trailers\r\n"), said);
    EXPECT_EQ(forwarder.fields("TE: gzip\r\n"), "");
    EXPECT_EQ(forwarder.fields("TE:\r\nTE: trailer, trailerss\r\n"), "");
    EXPECT_EQ(forwarder.request("GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

// Some servers read but one option, or one Connection field, when they look for an upgrade.
TEST(Forwarding, AsksForNoTrailersWhereConnectionAsksForAnUpgrade) {
    Forwarder forwarder;
    forwarder.context.asks_upgrade = true;
    EXPECT_EQ(forwarder.fields("Connection: TE, upgrade\r\nTE: trailers\r\nUpgrade: x\r\n"), "");
}

TEST(Forwarding, PassesTheAnnouncementOfTrailersUnlessTheyAreOff) {
    Forwarder forwarder;
    EXPECT_EQ(forwarder.fields("Trailer: X-Sum\r\n"), "Trailer: X-Sum\r\n");
    EXPECT_EQ(forwarder.fields("Connection: trailer\r\nTrailer: X-Sum\r\n"), "");
    const std::string response = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n\r\n";
    EXPECT_EQ(forwarder.response(response), response);
    forwarder.settings.trailers = false;
    EXPECT_EQ(forwarder.fields("Trailer: X-Sum\r\n"), "");
    EXPECT_EQ(forwarder.response(response), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(Forwarding, DropsWhatConnectionNames) {
    const Forwarder forwarder;
    EXPECT_EQ(forwarder.fields("X-A: 1\r\nConnection: x-a, close\r\nX-B: 2\r\nX-C: 3\r\n"
                               "connection: ,X-C,\r\nx-a: 4\r\nHTTP2-Settings: x\r\n"
                               "Connection: Upgrade, HTTP2-Settings\r\n"),
              "X-B: 2\r\n");
}

TEST(Forwarding, KeepsWhatConnectionHasNoBusinessToName) {
    const Forwarder forwarder;
    const std::string kept =
        "Content-Length: 1\r\nAuthorization: Basic x\r\nCookie: y\r\nContent-Type: z\r\n"
        "Cache-Control: no-store\r\nX-Request-Id: 5\r\nVia: 1.0 other\r\nExpect: 100-continue\r\n";
    EXPECT_EQ(forwarder.fields("Connection: host, content-length, Authorization, cookie, "
                               "content-type, cache-control, x-request-id, via, expect\r\n" +
                               kept),
              kept);
}

TEST(Forwarding, LetsATrustedProxyNotBeTalkedOutOfItsFields) {
    Forwarder forwarder;
    forwarder.context.trusts_client = true;
    const std::string kept =
        "X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=x\r\n";
    EXPECT_EQ(forwarder.fields("Connection: x-forwarded-for, x-real-ip, forwarded\r\n" + kept),
              kept);
}

TEST(Forwarding, BelievesNothingAnUntrustedClientSaysAboutItself) {
    const Forwarder forwarder;
    EXPECT_EQ(
        forwarder.fields("X-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: https\r\n"
                         "X-Forwarded-Host: b\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 1.2.3.4\r\n"
                         "Forwarded: for=1.2.3.4\r\nX-Forwarded-Prefix: /admin\r\n"
                         "X-Forwarded-Client-Cert: x\r\nX-Kept: 1\r\n"),
        "X-Kept: 1\r\n");
}

TEST(Forwarding, SeesThroughUnderscoresAndHttpoxy) {
    const Forwarder forwarder;
    EXPECT_EQ(forwarder.fields("X_Forwarded_For: 1.2.3.4\r\nX-Forwarded_Proto: https\r\n"
                               "x_real-ip: 1.2.3.4\r\nProxy: http://evil/\r\nX_Other: 1\r\n"
                               "Proxys: 2\r\nX-Real-IPs: 3\r\nX-Forward: 4\r\n"),
              "X_Other: 1\r\nProxys: 2\r\nX-Real-IPs: 3\r\nX-Forward: 4\r\n");
}

TEST(Forwarding, ReplacesAnUntrustedClientsChain) {
    Forwarder forwarder;
    forwarder.settings.x_forwarded_for = true;
    forwarder.settings.x_forwarded_proto = true;
    EXPECT_EQ(forwarder.fields("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: gopher\r\n"),
              "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n");
}

TEST(Forwarding, AppendsToATrustedProxysChain) {
    Forwarder forwarder;
    forwarder.context.trusts_client = true;
    forwarder.settings.x_forwarded_for = true;
    EXPECT_EQ(forwarder.fields("X-Forwarded-For: 1.2.3.4\r\n"),
              "X-Forwarded-For: 1.2.3.4, 192.0.2.7\r\n");
    EXPECT_EQ(forwarder.fields("X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nA: b\r\nX-Forwarded-For:\r\n"
                               "X-Forwarded-For: 3.3.3.3\r\n"),
              "A: b\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7\r\n");
    EXPECT_EQ(forwarder.fields(""), "X-Forwarded-For: 192.0.2.7\r\n");
}

TEST(Forwarding, SendsALongChainInTwoFields) {
    Forwarder forwarder;
    forwarder.context.trusts_client = true;
    forwarder.settings.x_forwarded_for = true;
    const std::string came = "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n";
    const std::string composed = "X-Forwarded-For: 1.2.3.4, 5.6.7.8, 192.0.2.7\r\n";
    const std::size_t fits = std::string_view("1.2.3.4, 5.6.7.8, 192.0.2.7").size();
    for (forwarder.arena_bytes = 0; forwarder.arena_bytes < fits; ++forwarder.arena_bytes) {
        EXPECT_EQ(forwarder.fields(came), came + "X-Forwarded-For: 192.0.2.7\r\n");
    }
    EXPECT_EQ(forwarder.fields(came), composed);
}

TEST(Forwarding, LeavesTheRoomOfATooLongChainToOthers) {
    Forwarder forwarder;
    forwarder.context.trusts_client = true;
    forwarder.settings.x_forwarded_for = true;
    forwarder.settings.via = true;
    forwarder.arena_bytes = std::string_view("1.0 ringway").size();
    EXPECT_EQ(forwarder.request("GET / HTTP/1.0\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n"
              "X-Forwarded-For: 192.0.2.7\r\nVia: 1.0 ringway\r\n\r\n");
}

TEST(Forwarding, LeavesWhatATrustedProxySaid) {
    Forwarder forwarder;
    forwarder.context.trusts_client = true;
    forwarder.settings.x_forwarded_proto = true;
    forwarder.settings.x_forwarded_host = true;
    forwarder.settings.x_forwarded_port = true;
    forwarder.settings.x_real_ip = true;
    const std::string said =
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 80\r\n"
        "X-Real-IP: 1.2.3.4\r\nX-Forwarded-Prefix: /p\r\n";
    EXPECT_EQ(forwarder.fields(said), said);
    EXPECT_EQ(forwarder.fields(""),
              "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\nX-Forwarded-Port: 443\r\n"
              "X-Real-IP: 192.0.2.7\r\n");
}

TEST(Forwarding, PassesARequestIdOnOrMakesOne) {
    Forwarder forwarder;
    forwarder.settings.x_request_id = true;
    EXPECT_EQ(forwarder.fields(""), "X-Request-Id: id-1\r\n");
    EXPECT_EQ(forwarder.fields("x-request-id: theirs\r\n"), "x-request-id: theirs\r\n");
    for (const std::string& useless :
         {std::string("X-Request-Id:\r\n"), std::string("X-Request-Id: a\r\nX-Request-Id: b\r\n"),
          "X-Request-Id: " + std::string(129, 'x') + "\r\n"}) {
        EXPECT_EQ(forwarder.fields(useless), "X-Request-Id: id-1\r\n");
    }
    const std::string longest = "X-Request-Id: " + std::string(128, 'x') + "\r\n";
    EXPECT_EQ(forwarder.fields(longest), longest);
    forwarder.context.request_id = "";
    EXPECT_EQ(forwarder.fields(""), "");
}

TEST(Forwarding, SaysInViaWhichVersionCame) {
    Forwarder forwarder;
    forwarder.settings.via = true;
    EXPECT_EQ(forwarder.fields("Via: 1.0 fred\r\n"), "Via: 1.0 fred\r\nVia: 1.1 ringway\r\n");
    EXPECT_EQ(forwarder.request("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 ringway\r\n\r\n");
}

TEST(Forwarding, SendsTheHostThatWasRoutedBy) {
    const Forwarder forwarder;
    EXPECT_EQ(forwarder.request("GET http://target/x HTTP/1.1\r\nHost: field\r\nA: b\r\n\r\n"),
              "GET /x HTTP/1.1\r\nA: b\r\nHost: target\r\n\r\n");
    EXPECT_EQ(forwarder.request("GET http://target HTTP/1.0\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: target\r\n\r\n");
    EXPECT_EQ(forwarder.request("GET / HTTP/1.0\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: fallback\r\n\r\n");
}

TEST(Forwarding, OfAResponseDropsWhatWasMeantForUs) {
    const Forwarder forwarder;
    EXPECT_EQ(
        forwarder.response("HTTP/1.1 200 OK\r\nServer: x\r\nConnection: close, X-Hop\r\n"
                           "X-Hop: 1\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n"
                           "TE: trailers\r\nUpgrade: h2\r\nProxy-Authenticate: z\r\n"
                           "X-Forwarded-For: kept\r\nVia: kept\r\nDate: now\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nServer: x\r\nX-Forwarded-For: kept\r\nVia: kept\r\nDate: now\r\n\r\n");
}

TEST(Forwarding, OfAResponseKeepsWhatConnectionHasNoBusinessToName) {
    const Forwarder forwarder;
    EXPECT_EQ(forwarder.response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a\r\n"
                                 "Connection: content-length, set-cookie, date\r\nDate: b\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a\r\nDate: b\r\n\r\n");
}

TEST(Forwarding, OfAResponseWithoutContentHasNoLength) {
    const Forwarder forwarder;
    EXPECT_EQ(forwarder.response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n"),
              "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
    EXPECT_EQ(forwarder.response("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n"),
              "HTTP/1.1 103 Early Hints\r\n\r\n");
    const std::string not_modified = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(forwarder.response(not_modified), not_modified);
}

TEST(Forwarding, SaysItAllInForwardedWhenAsked) {
    Forwarder forwarder;
    forwarder.settings.forwarded = true;
    EXPECT_EQ(forwarder.fields("Forwarded: for=spoofed\r\n"),
              "Forwarded: for=192.0.2.7;host=\"a\";proto=https\r\n");
    forwarder.context.client_host = "2001:db8::7";
    EXPECT_EQ(forwarder.fields(""), "Forwarded: for=\"[2001:db8::7]\";host=\"a\";proto=https\r\n");
    forwarder.context.client_host = "unix";
    EXPECT_EQ(forwarder.fields(""), "Forwarded: for=unknown;host=\"a\";proto=https\r\n");
}

TEST(Forwarding, StandsInForwardedBehindWhatATrustedProxySaid) {
    Forwarder forwarder;
    forwarder.settings.forwarded = true;
    forwarder.context.trusts_client = true;
    EXPECT_EQ(forwarder.fields("Forwarded: for=198.51.100.1;proto=http\r\n"),
              "Forwarded: for=198.51.100.1;proto=http\r\n"
              "Forwarded: for=192.0.2.7;host=\"a\";proto=https\r\n");
}

TEST(Forwarding, LeavesAHostOutOfForwardedThatIsTooLong) {
    Forwarder forwarder;
    forwarder.settings.forwarded = true;
    forwarder.arena_bytes = 60;
    const std::string host(100, 'h');
    EXPECT_NE(forwarder.request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                  .find("\r\nForwarded: for=192.0.2.7;proto=https\r\n"),
              std::string::npos);
    forwarder.arena_bytes = 10;
    EXPECT_EQ(forwarder.fields(""), "");
}

TEST(Forwarding, PassesTraceparentAndTracestateOnAsTheyCame) {
    Forwarder forwarder;
    forwarder.settings = ForwardingSettings{};
    const std::string trace =
        "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        "tracestate: a=1,b=2\r\n";
    EXPECT_TRUE(forwarder.fields(trace).starts_with(trace));
}

TEST(Forwarding, OfAResponseAddsViaWhenAsked) {
    Forwarder forwarder;
    forwarder.settings.via_in_responses = true;
    EXPECT_EQ(forwarder.response("HTTP/1.1 200 OK\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nVia: 1.1 ringway\r\n\r\n");
}

}  // namespace
}  // namespace ringway::http
