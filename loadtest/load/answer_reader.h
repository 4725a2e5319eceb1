// Reads one answer: the heads of interim answers, its head, its body; and holds it against what
// was expected of it. It does no I/O: its connection hands it the bytes as they come, and is told
// how far the answer has got. The result is the same however the bytes were cut.
// Part of a LoadConnection; begun anew for each request.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/body_framing.h"
#include "http/h1_parser.h"
#include "loadtest/load/answer_check.h"
#include "loadtest/load/request.h"
#include "loadtest/load/tally.h"

namespace ringway::loadtest {

class AnswerReader {
public:
    enum class State : std::uint8_t {
        head,  // Is awaited, or the rest of it.
        body,
        whole,   // `mistake` says whether it is what was expected.
        broken,  // It is no HTTP, or more came than the answer: `mistake` says which.
    };

    // Both outlive it.
    struct Shared {
        http::FieldTable& field_table;
        FirstBodies& first_bodies;
    };
    explicit AnswerReader(const Shared& shared)
        : field_table_(shared.field_table), check_(shared.first_bodies) {}

    void begin(const LoadRequest& request);
    // REQUIRES: head or body.
    State read(std::span<std::byte> bytes);
    // The server sends no more, which is how some answers end. REQUIRES: head or body.
    State on_stream_end();

    State state() const { return state_; }
    std::optional<Mistake> mistake() const { return mistake_; }
    // Another answer may follow this one.
    bool keeps_alive() const { return keeps_alive_; }
    // What the header said that was expected to name the backend.
    std::string_view backend() const { return backend_; }

private:
    bool take_head(std::span<std::byte>& bytes);
    void on_head(const http::ResponseHead& head);
    void take_body(std::span<std::byte> bytes);
    void finish();
    void fail(Mistake mistake);

    // Set at construction.
    http::FieldTable& field_table_;

    const LoadRequest* request_ = nullptr;
    State state_ = State::head;
    bool keeps_alive_ = false;
    http::BodyReader body_;
    AnswerCheck check_;
    std::optional<Mistake> mistake_;
    std::string backend_;
    std::string partial_;  // A head that has not come whole.
};

}  // namespace ringway::loadtest
