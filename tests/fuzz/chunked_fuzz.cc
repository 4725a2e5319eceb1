// Any bytes as a chunked body: the same whole and in pieces, and what was read, written and read
// again is the same body with the same trailers.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "core/buffer_pool.h"
#include "core/check.h"
#include "http/body_framing.h"
#include "http/trailers.h"
#include "tests/fuzz/fuzz_target.h"

namespace ringway::fuzz {
namespace {

struct ReadBody {
    std::string body;
    std::string trailers;
    std::size_t consumed = 0;
    bool ended = false;
    http::Refusal refusal = http::Refusal::none;

    bool operator==(const ReadBody&) const = default;
};

ReadBody read_in_steps(std::string_view bytes, std::size_t step, http::BodyLimits limits) {
    http::BodyReader reader(http::Framing::chunked, 0, limits);
    ReadBody read;
    while (read.consumed < bytes.size() && !read.ended && read.refusal == http::Refusal::none) {
        // A vector of its own for each piece, so that ASan sees a step past its end.
        const std::string_view shown = bytes.substr(read.consumed, step);
        std::vector<char> piece(shown.begin(), shown.end());
        const auto progress = reader.read(std::as_writable_bytes(std::span(piece)));
        CHECK(progress.body <= progress.consumed && progress.consumed <= piece.size());
        read.body.append(piece.data(), progress.body);
        read.trailers.append(reinterpret_cast<const char*>(progress.trailers.data()),
                             progress.trailers.size());
        read.consumed += progress.consumed;
        read.ended = progress.ended;
        read.refusal = progress.refusal;
        const bool is_over = read.ended || read.refusal != http::Refusal::none;
        CHECK(is_over || progress.consumed == piece.size());
    }
    CHECK(reader.on_stream_end() == read.ended);
    return read;
}

std::string written(std::string_view body, std::string_view trailers, std::size_t chunk_max) {
    std::string wire;
    char head[http::chunk_head_bytes_max];
    for (; !body.empty(); body.remove_prefix(std::min(chunk_max, body.size()))) {
        const std::string_view chunk = body.substr(0, chunk_max);
        wire.append(head, http::write_chunk_head(chunk.size(), head));
        wire.append(chunk).append("\r\n");
    }
    return wire.append("0\r\n").append(trailers).append("\r\n");
}

// What is passed on of trailers: whole lines that came, in their order, and none that is forbidden.
std::string allowed(std::string_view trailers) {
    core::BufferPool pool{{.count = 1, .bytes_each = 65'536}};
    core::Buffer lines = pool.try_take();
    lines.append(std::as_bytes(std::span{trailers.data(), trailers.size()}));
    http::drop_forbidden_trailers(lines);
    const std::string kept(reinterpret_cast<const char*>(lines.bytes().data()), lines.size());
    std::string_view left = trailers;
    for (std::size_t at = 0; at < kept.size();) {
        const std::string line = kept.substr(at, kept.find('\n', at) + 1 - at);
        CHECK(line.ends_with("\r\n") && http::may_be_trailer(line.substr(0, line.find(':'))));
        const std::size_t found = left.find(line);
        CHECK(found != left.npos);
        left.remove_prefix(found + line.size());
        at += line.size();
    }
    return kept;
}

void check_limits(std::string_view bytes, http::BodyLimits limits) {
    const ReadBody whole = read_in_steps(bytes, bytes.size() + 1, limits);
    CHECK(read_in_steps(bytes, 1, limits) == whole);
    CHECK(read_in_steps(bytes, bytes.size() % 11 + 2, limits) == whole);
    if (!whole.ended) return;
    for (const std::string& trailers : {whole.trailers, allowed(whole.trailers)}) {
        const std::string wire = written(whole.body, trailers, bytes.size() % 17 + 1);
        const ReadBody again = read_in_steps(wire, 5, limits);
        CHECK(again.ended && again.body == whole.body && again.consumed == wire.size());
        CHECK(again.trailers == trailers);
    }
}

}  // namespace
}  // namespace ringway::fuzz

FUZZ_TARGET(chunked) {
    using namespace ringway;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    fuzz::check_limits(text, {});
    fuzz::check_limits(text, {.chunk_extension_bytes_max = 8, .trailer_bytes_max = 16});
}
