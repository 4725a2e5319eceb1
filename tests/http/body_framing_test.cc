#include "http/body_framing.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/guarded_bytes.h"
#include "tests/support/parsed_head.h"

namespace ringway::http {
namespace {

using tests::GuardedBytes;

// What a body reader made of some bytes, shown to it `step` at a time.
struct ReadBody {
    std::string body;
    std::size_t consumed = 0;
    bool ended = false;
    Refusal refusal = Refusal::none;
    std::string trailers = {};

    bool operator==(const ReadBody&) const = default;
};

void PrintTo(const ReadBody& read, std::ostream* out) {
    *out << "body=" << testing::PrintToString(read.body) << " consumed=" << read.consumed
         << " trailers=" << testing::PrintToString(read.trailers) << " ended=" << read.ended
         << " refusal=" << name_of(read.refusal);
}

ReadBody read_in_steps(BodyReader reader, std::string_view bytes, std::size_t step) {
    ReadBody read;
    while (read.consumed < bytes.size() && !read.ended && read.refusal == Refusal::none) {
        const GuardedBytes piece(bytes.substr(read.consumed, step));
        const BodyReader::Progress progress = reader.read(piece.bytes());
        read.body += piece.text().substr(0, progress.body);
        read.trailers.append(reinterpret_cast<const char*>(progress.trailers.data()),
                             progress.trailers.size());
        read.consumed += progress.consumed;
        read.ended = progress.ended;
        read.refusal = progress.refusal;
        EXPECT_LE(progress.body, progress.consumed);
        const bool stuck = progress.consumed == 0 && !read.ended && read.refusal == Refusal::none;
        if (stuck) {
            ADD_FAILURE() << "no progress at " << read.consumed;
            break;
        }
    }
    EXPECT_EQ(reader.has_ended(), read.ended);
    return read;
}

ReadBody read_chunked(std::string_view bytes, std::size_t step, BodyLimits limits = {}) {
    return read_in_steps(BodyReader(Framing::chunked, 0, limits), bytes, step);
}

// Whole, in every step size up to 20: must agree.
ReadBody read_chunked_every_way(std::string_view bytes, BodyLimits limits = {}) {
    const ReadBody whole = read_chunked(bytes, bytes.size() + 1, limits);
    for (std::size_t step = 1; step < 20; ++step) {
        EXPECT_EQ(read_chunked(bytes, step, limits), whole)
            << "step " << step << " of " << testing::PrintToString(std::string(bytes));
    }
    return whole;
}

TEST(BodyReader, IsSmall) {
    EXPECT_LE(sizeof(BodyReader), 32u);
}

TEST(BodyReader, WithoutBodyHasEndedAtOnce) {
    BodyReader none(Framing::none, 0);
    EXPECT_TRUE(none.has_ended());
    EXPECT_TRUE(none.read({}).ended);
    const GuardedBytes next("GET / HTTP/1.1\r\n");
    EXPECT_EQ(none.read(next.bytes()).consumed, 0u);

    BodyReader empty(Framing::length, 0);
    EXPECT_TRUE(empty.has_ended());
    EXPECT_EQ(empty.read(next.bytes()).consumed, 0u);
    EXPECT_TRUE(empty.read(next.bytes()).ended);
}

TEST(BodyReader, OfALengthTakesThatManyBytes) {
    for (std::size_t step = 1; step < 20; ++step) {
        const ReadBody read =
            read_in_steps(BodyReader(Framing::length, 10), "0123456789next", step);
        EXPECT_EQ(read, (ReadBody{"0123456789", 10, true, Refusal::none})) << step;
    }
    EXPECT_FALSE(read_in_steps(BodyReader(Framing::length, 10), "012345678", 4).ended);
}

TEST(BodyReader, UntilCloseTakesAllAndEndsWithTheStream) {
    BodyReader reader(Framing::until_close, 0);
    const GuardedBytes bytes("0\r\n\r\n");
    const BodyReader::Progress progress = reader.read(bytes.bytes());
    EXPECT_EQ(progress.body, 5u);
    EXPECT_FALSE(progress.ended);
    EXPECT_TRUE(reader.on_stream_end());
    EXPECT_TRUE(reader.has_ended());
}

TEST(BodyReader, IsNotWholeWhenTheStreamEndsEarly) {
    EXPECT_FALSE(BodyReader(Framing::length, 1).on_stream_end());
    EXPECT_TRUE(BodyReader(Framing::length, 0).on_stream_end());
    EXPECT_TRUE(BodyReader().on_stream_end());

    const std::string_view whole = "3\r\nabc\r\n0\r\n\r\n";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        BodyReader reader(Framing::chunked, 0);
        const GuardedBytes bytes(whole.substr(0, size));
        EXPECT_EQ(reader.read(bytes.bytes()).ended, size == whole.size());
        EXPECT_EQ(reader.on_stream_end(), size == whole.size()) << size;
    }
}

struct ChunkedCase {
    std::string_view bytes;
    std::string_view body;
    std::string_view trailers = "";
};

TEST(ChunkedBody, IsSqueezedOutOfItsFraming) {
    const std::vector<ChunkedCase> cases = {
        {"0\r\n\r\n", ""},
        {"000\r\n\r\n", ""},
        {"5\r\nhello\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n0\r\n\r\n", "hello world!"},
        {"a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n", "0123456789abcdefghij"},
        {"0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
        {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
        {"3;name\r\nabc\r\n0;name=value\r\n\r\n", "abc"},
        {"3;a=\"quoted ; text\";b\tc=\xff\r\nabc\r\n0;\r\n\r\n", "abc"},
        {"1\r\nx\r\n0\r\nTrailer: value\r\nEmpty:\r\nX-Y:a\tb \xc3\xa4\r\n\r\n", "x",
         "Trailer: value\r\nEmpty:\r\nX-Y:a\tb \xc3\xa4\r\n"},
        {"0\r\nA: b\r\n\r\n", "", "A: b\r\n"},
    };
    for (const ChunkedCase& wanted : cases) {
        const ReadBody read = read_chunked_every_way(wanted.bytes);
        EXPECT_EQ(read, (ReadBody{std::string(wanted.body), wanted.bytes.size(), true,
                                  Refusal::none, std::string(wanted.trailers)}));
    }
}

TEST(ChunkedBody, LeavesWhatComesBehindItAlone) {
    const std::string body = "1\r\nx\r\n0\r\n\r\n";
    const ReadBody read = read_chunked_every_way(body + "\r\nGET / HTTP/1.1\r\n");
    EXPECT_EQ(read, (ReadBody{"x", body.size(), true, Refusal::none}));
    const std::string with_trailers = "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n";
    EXPECT_EQ(read_chunked_every_way(with_trailers + "E: f\r\n\r\n"),
              (ReadBody{"x", with_trailers.size(), true, Refusal::none, "A: b\r\nC: d\r\n"}));
}

struct HostileChunk {
    std::string_view bytes;
    Refusal refusal;
};

TEST(ChunkedBody, IsRefusedWhereTwoReadersCouldDisagree) {
    const std::vector<HostileChunk> cases = {
        // Sizes.
        {"\r\n\r\n", Refusal::bad_chunk},
        {"g\r\n", Refusal::bad_chunk},
        {"-1\r\n", Refusal::bad_chunk},
        {"+1\r\n", Refusal::bad_chunk},
        {"0x1\r\nx\r\n", Refusal::bad_chunk},
        {"1_0\r\n", Refusal::bad_chunk},
        {" 1\r\nx\r\n", Refusal::bad_chunk},
        {"1 \r\nx\r\n", Refusal::bad_chunk},
        {"1\t;a\r\nx\r\n", Refusal::bad_chunk},
        {"1,2\r\n", Refusal::bad_chunk},
        {";a\r\n", Refusal::bad_chunk},
        {std::string_view("1\0\r\n", 4), Refusal::bad_chunk},
        {"@\r\n", Refusal::bad_chunk},
        {"G\r\n", Refusal::bad_chunk},
        {"`\r\n", Refusal::bad_chunk},
        // Overflow.
        {"8000000000000000\r\n", Refusal::chunk_over_limit},
        {"ffffffffffffffff\r\n", Refusal::chunk_over_limit},
        {"10000000000000001\r\n", Refusal::chunk_over_limit},
        {"00000000000000001\r\nx\r\n0\r\n\r\n", Refusal::chunk_over_limit},
        // Line ends.
        {"1\nx\n0\n\n", Refusal::bad_line_ending},
        {"1\r\rx", Refusal::bad_line_ending},
        {"1;a\nx\r\n", Refusal::bad_line_ending},
        {"1;a\rx\r\n", Refusal::bad_line_ending},
        {"1\r\nx\n0\r\n\r\n", Refusal::bad_chunk},
        {"1\r\nx\r0\r\n\r\n", Refusal::bad_line_ending},
        {"0\r\n\n", Refusal::bad_line_ending},
        {"0\r\n\rX", Refusal::bad_line_ending},
        {"0\r\nA: b\n\r\n", Refusal::bad_line_ending},
        {"0\r\nA: b\rc\r\n\r\n", Refusal::bad_line_ending},
        // Data that is longer or shorter than said.
        {"1\r\nxy\r\n0\r\n\r\n", Refusal::bad_chunk},
        {"3\r\nx\r\n0\r\n\r\n", Refusal::bad_chunk},
        // Extensions.
        {std::string_view("1;a\0b\r\nx\r\n", 10), Refusal::bad_chunk},
        {"1;a\x7f\r\nx\r\n", Refusal::bad_chunk},
        {"1;a\x0b\r\nx\r\n", Refusal::bad_chunk},
        // Trailers.
        {"0\r\n: b\r\n\r\n", Refusal::bad_field_name},
        {"0\r\nA : b\r\n\r\n", Refusal::bad_field_name},
        {"0\r\nA\r\n\r\n", Refusal::bad_field_name},
        {"0\r\nA(: b\r\n\r\n", Refusal::bad_field_name},
        {"0\r\nA: b\r\n c\r\n\r\n", Refusal::obs_fold},
        {"0\r\n\tA: b\r\n\r\n", Refusal::obs_fold},
        {std::string_view("0\r\nA: \0\r\n\r\n", 11), Refusal::bad_field_value},
        {"0\r\nA: b\x7f\r\n\r\n", Refusal::bad_field_value},
        {"0\r\nA: \x1b[m\r\n\r\n", Refusal::bad_field_value},
    };
    for (const HostileChunk& hostile : cases) {
        const ReadBody read = read_chunked_every_way(hostile.bytes);
        EXPECT_EQ(read.refusal, hostile.refusal)
            << testing::PrintToString(std::string(hostile.bytes));
        EXPECT_FALSE(read.ended);
    }
}

TEST(ChunkedBody, AcceptsASizeUpToTwoToThe63Minus1) {
    BodyReader reader(Framing::chunked, 0);
    const GuardedBytes bytes("7fffffffffffffff\r\nabc");
    const BodyReader::Progress progress = reader.read(bytes.bytes());
    EXPECT_EQ(progress.refusal, Refusal::none);
    EXPECT_EQ(progress.body, 3u);
}

TEST(ChunkedBody, HasALimitForExtensionsOfEachChunk) {
    const BodyLimits limits{.chunk_extension_bytes_max = 10};
    const std::string fits = "1;0123456789\r\nx\r\n1;0123456789\r\ny\r\n0\r\n\r\n";
    EXPECT_EQ(read_chunked_every_way(fits, limits).body, "xy");
    const std::string over = "1;0123456789a\r\nx\r\n0\r\n\r\n";
    EXPECT_EQ(read_chunked_every_way(over, limits).refusal, Refusal::chunk_over_limit);
}

// One byte a chunk and the longest extension before each, without end.
TEST(ChunkedBody, HasALimitForExtensionsThatOutweighTheirChunks) {
    const BodyLimits limits{.chunk_extension_bytes_max = 10};
    const std::string chunk = "1;0123456789\r\nx\r\n";  // Nine bytes more than it brings.
    std::string bytes;
    for (int i = 0; i < 17; i++) bytes += chunk;
    EXPECT_EQ(read_chunked_every_way(bytes + "0\r\n\r\n", limits).body, std::string(17, 'x'));
    const ReadBody over = read_chunked_every_way(bytes + chunk + "0\r\n\r\n", limits);
    EXPECT_EQ(over.refusal, Refusal::chunk_over_limit);
    EXPECT_EQ(over.body, std::string(17, 'x'));
}

TEST(ChunkedBody, MayHaveExtensionsForeverThatDoNotOutweighItsChunks) {
    const BodyLimits limits{.chunk_extension_bytes_max = 10};
    std::string bytes;
    for (int i = 0; i < 1'000; i++) bytes += "a;0123456789\r\nabcdefghij\r\n";
    EXPECT_TRUE(read_chunked_every_way(bytes + "0\r\n\r\n", limits).ended);
    // What large chunks bring is no credit for what comes after them.
    for (int i = 0; i < 18; i++) bytes += "1;0123456789\r\nx\r\n";
    EXPECT_EQ(read_chunked_every_way(bytes, limits).refusal, Refusal::chunk_over_limit);
}

TEST(ChunkedBody, HasALimitForTrailersTogether) {
    const std::string trailers = "A: b\r\nC: d\r\n\r\n";
    const std::string bytes = "0\r\n" + trailers;
    const auto size = static_cast<std::uint32_t>(trailers.size());
    EXPECT_TRUE(read_chunked_every_way(bytes, {.trailer_bytes_max = size}).ended);
    EXPECT_EQ(read_chunked_every_way(bytes, {.trailer_bytes_max = size - 1}).refusal,
              Refusal::trailers_over_limit);
}

TEST(ChunkedBody, RoundTripsThroughWrittenChunkHeads) {
    std::mt19937 random(20261120);
    for (int round = 0; round < 200; ++round) {
        std::string body;
        std::string wire;
        for (int chunks = static_cast<int>(random() % 6); chunks-- > 0;) {
            const std::string data(1 + random() % (1u << random() % 12),
                                   static_cast<char>(random()));
            char head[chunk_head_bytes_max];
            wire.append(head, write_chunk_head(data.size(), head));
            wire += data + "\r\n";
            body += data;
        }
        char head[chunk_head_bytes_max];
        wire.append(head, write_chunk_head(0, head));
        wire += "\r\n";
        const ReadBody wanted{body, wire.size(), true, Refusal::none};
        EXPECT_EQ(read_chunked(wire, wire.size()), wanted);
        EXPECT_EQ(read_chunked(wire, 1 + random() % 100), wanted);
    }
}

TEST(ChunkHead, IsTheSizeInHex) {
    const std::vector<std::pair<std::uint64_t, std::string_view>> cases = {
        {0, "0\r\n"},    {9, "9\r\n"},         {10, "a\r\n"},
        {255, "ff\r\n"}, {0x1000, "1000\r\n"}, {UINT64_MAX, "ffffffffffffffff\r\n"},
    };
    for (const auto& [size, wanted] : cases) {
        char space[chunk_head_bytes_max];
        EXPECT_EQ(std::string_view(space, write_chunk_head(size, space)), wanted);
    }
}

}  // namespace
}  // namespace ringway::http
