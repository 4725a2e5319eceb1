#include "loadtest/load/answer_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ringway::loadtest {
namespace {

using State = AnswerReader::State;

class AnswerReading : public testing::Test {
protected:
    // In two parts, cut behind `cut` bytes; and the end of the stream when `ends`.
    State read(std::string text, std::size_t cut, bool ends = false) {
        reader.begin(request);
        const std::span<std::byte> bytes = std::as_writable_bytes(std::span{text});
        State state = reader.read(bytes.first(cut));
        const bool goes_on = state == State::head || state == State::body;
        if (goes_on && cut < text.size()) state = reader.read(bytes.subspan(cut));
        if (ends && (state == State::head || state == State::body)) state = reader.on_stream_end();
        return state;
    }

    // However the text is cut, the same comes out.
    void expect(const std::string& text, State state, std::optional<Mistake> mistake,
                bool ends = false) {
        for (std::size_t cut = 1; cut <= text.size(); cut++) {
            EXPECT_EQ(read(text, cut, ends), state) << cut << ": " << text;
            if (state == State::whole || state == State::broken) {
                EXPECT_EQ(reader.mistake(), mistake) << cut << ": " << text;
            }
        }
    }

    LoadRequest request;
    std::unique_ptr<http::FieldTable> table = std::make_unique<http::FieldTable>();
    FirstBodies firsts;
    AnswerReader reader{{.field_table = *table, .first_bodies = firsts}};
};

TEST_F(AnswerReading, AWholeAnswerIsWholeHoweverItIsCut) {
    request.expected.length = 4;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nABCD", State::whole, {});
    EXPECT_TRUE(reader.keeps_alive());
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nABC\r\n1\r\nD\r\n0\r\n\r\n",
           State::whole, {});
    EXPECT_TRUE(reader.keeps_alive());
}

TEST_F(AnswerReading, InterimAnswersAreNotTheAnswer) {
    expect(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\n"
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        State::whole, Mistake::status);
}

TEST_F(AnswerReading, OneWithoutALengthIsWholeWhenTheStreamEnds) {
    request.expected.length = 2;
    expect("HTTP/1.1 200 OK\r\n\r\nAB", State::body, {});
    expect("HTTP/1.1 200 OK\r\n\r\nAB", State::whole, {}, true);
    EXPECT_FALSE(reader.keeps_alive());
    expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nAB", State::body, {}, true);
    expect("HTTP/1.1 200 OK\r\nConte", State::head, {}, true);
}

TEST_F(AnswerReading, WhatIsNoHttpIsBroken) {
    expect("no answer at all\r\n\r\n", State::broken, Mistake::malformed);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", State::broken,
           Mistake::malformed);
}

TEST_F(AnswerReading, BytesBehindTheAnswerBreakItWhenTheyComeWithIt) {
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nAB";
    EXPECT_EQ(read(text, text.size()), State::broken);
    EXPECT_EQ(reader.mistake(), Mistake::wrong_bytes);
}

TEST_F(AnswerReading, TheBackendIsWhatTheHeaderSays) {
    const std::string text = "HTTP/1.1 200 OK\r\nX-Served-By: web-2\r\nContent-Length: 0\r\n\r\n";
    expect(text, State::whole, {});
    EXPECT_EQ(reader.backend(), "");
    request.expected.backend_header = "x-served-by";
    expect(text, State::whole, {});
    EXPECT_EQ(reader.backend(), "web-2");
    request.expected.backend_header = "x-backend";
    expect(text, State::whole, Mistake::unnamed);
    EXPECT_EQ(reader.backend(), "");
}

TEST_F(AnswerReading, AWrongStatusIsWorseThanAMissingName) {
    request.expected.backend_header = "x-backend";
    expect("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", State::whole, Mistake::status);
}

}  // namespace
}  // namespace ringway::loadtest
