// Nanoseconds per head: parsing, editing and writing what wrk, curl and a browser send, and what
// comes back. build/bench --benchmark_filter=Head
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>

#include "http/body_framing.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"

namespace ringway::http {
namespace {

constexpr std::array<std::string_view, 3> requests = {
    // wrk
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
    // curl
    "GET /index.html HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/7.88.1\r\nAccept: "
    "*/*\r\n\r\n",
    // A browser.
    "GET /articles/2026/11/a-long-title?utm_source=feed HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\r\n",
};

constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 20 Nov 2026 06:28:24 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\n";

constexpr ForwardingContext context = {.client_host = "192.0.2.7",
                                       .scheme = "https",
                                       .listen_port = "443",
                                       .via = "1.1 ringway",
                                       .request_id = "0123456789abcdef0123456789abcdef",
                                       .default_host = {},
                                       .trusts_client = false};

// Which of `requests`: 0 wrk, 1 curl, 2 a browser.
void head_sizes(benchmark::internal::Benchmark* bench) {
    bench->DenseRange(0, 2);
}

RequestHead parsed(std::string_view bytes, FieldTable& table) {
    RequestHead head;
    Refusal refusal;
    parse_request_head({.bytes = bytes}, {}, table, head, refusal);
    return head;
}

void BM_ParseRequestHead(benchmark::State& state) {
    const std::string bytes(requests[static_cast<std::size_t>(state.range(0))]);
    FieldTable table;
    const HeadLimits limits;
    for (auto _ : state) {
        RequestHead head;
        Refusal refusal;
        benchmark::DoNotOptimize(
            parse_request_head({.bytes = bytes}, limits, table, head, refusal));
        benchmark::DoNotOptimize(head);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_ParseRequestHead)->Apply(head_sizes);

void BM_EditRequestHead(benchmark::State& state) {
    const std::string bytes(requests[static_cast<std::size_t>(state.range(0))]);
    FieldTable table;
    const RequestHead head = parsed(bytes, table);
    const ForwardingSettings settings;
    std::array<char, forwarding_arena_bytes> arena;
    for (auto _ : state) {
        HeadEdits edits;
        edit_request(head, context, settings, arena, edits);
        benchmark::DoNotOptimize(edits);
    }
}
BENCHMARK(BM_EditRequestHead)->Apply(head_sizes);

void BM_WriteRequestHead(benchmark::State& state) {
    const std::string bytes(requests[static_cast<std::size_t>(state.range(0))]);
    FieldTable table;
    const RequestHead head = parsed(bytes, table);
    std::array<char, forwarding_arena_bytes> arena;
    std::array<char, 4096> space;
    HeadEdits edits;
    edit_request(head, context, {}, arena, edits);
    for (auto _ : state) {
        benchmark::DoNotOptimize(write_request_head(head, edits, {}, space));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(BM_WriteRequestHead)->Apply(head_sizes);

void BM_ParseResponseHead(benchmark::State& state) {
    const std::string bytes(response);
    FieldTable table;
    const HeadLimits limits;
    for (auto _ : state) {
        ResponseHead head;
        Refusal refusal;
        benchmark::DoNotOptimize(
            parse_response_head({.bytes = bytes}, limits, Method::get, table, head, refusal));
        benchmark::DoNotOptimize(head);
    }
}
BENCHMARK(BM_ParseResponseHead);

void BM_EditAndWriteResponseHead(benchmark::State& state) {
    const std::string bytes(response);
    FieldTable table;
    ResponseHead head;
    Refusal refusal;
    parse_response_head({.bytes = bytes}, {}, Method::get, table, head, refusal);
    std::array<char, 4096> space;
    for (auto _ : state) {
        HeadEdits edits;
        edit_response(head, context, {}, edits);
        benchmark::DoNotOptimize(write_response_head(head, edits, {}, space));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(BM_EditAndWriteResponseHead);

// A buffer full of chunks of `range` bytes.
void BM_ReadChunkedBody(benchmark::State& state) {
    const auto chunk = static_cast<std::size_t>(state.range(0));
    std::string wire;
    while (wire.size() < 16'384) {
        char head[chunk_head_bytes_max];
        wire.append(head, write_chunk_head(chunk, head));
        wire += std::string(chunk, 'x') + "\r\n";
    }
    std::string bytes = wire;
    for (auto _ : state) {
        bytes = wire;  // The reader squeezes it.
        BodyReader reader(Framing::chunked, 0);
        benchmark::DoNotOptimize(reader.read(std::as_writable_bytes(std::span(bytes))));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}
BENCHMARK(BM_ReadChunkedBody)->Arg(16)->Arg(512)->Arg(8'192);

}  // namespace
}  // namespace ringway::http
