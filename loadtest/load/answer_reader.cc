#include "loadtest/load/answer_reader.h"

#include "http/field_text.h"

namespace ringway::loadtest {

namespace {

constexpr http::HeadLimits head_limits;

std::span<std::byte> bytes_of(std::string& text) {
    return std::as_writable_bytes(std::span{text});
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view field_of(const http::ResponseHead& head, std::string_view lower_name) {
    for (const http::Field& field : head.fields) {
        if (http::equals_ignoring_case(head.name(field), lower_name)) return head.value(field);
    }
    return "";
}

}  // namespace

void AnswerReader::begin(const LoadRequest& request) {
    request_ = &request;
    state_ = State::head;
    mistake_.reset();
    backend_.clear();
    partial_.clear();
    check_.begin(request);
}

AnswerReader::State AnswerReader::read(std::span<std::byte> bytes) {
    if (state_ == State::body || take_head(bytes)) take_body(bytes);
    return state_;
}

// Cuts the head off, and heads of interim answers before it. False when that was not the last of
// it, or was no head.
bool AnswerReader::take_head(std::span<std::byte>& bytes) {
    std::size_t seen = partial_.size();
    if (seen > 0) {
        partial_ += text_of(bytes);
        bytes = bytes_of(partial_);
    }
    http::ResponseHead head;
    http::Refusal refusal = http::Refusal::none;
    http::Parse parsed = http::Parse::incomplete;
    do {
        parsed = http::parse_response_head({.bytes = text_of(bytes), .seen = seen}, head_limits,
                                           request_->method, field_table_, head, refusal);
        if (parsed != http::Parse::complete) break;
        bytes = bytes.subspan(head.bytes);
        seen = 0;
    } while (head.is_interim() && head.status != 101);
    switch (parsed) {
        case http::Parse::complete:
            on_head(head);
            return true;
        case http::Parse::incomplete:
            partial_ = std::string{text_of(bytes)};
            return false;
        case http::Parse::refused:
            fail(Mistake::malformed);
            return false;
    }
    return false;
}

void AnswerReader::on_head(const http::ResponseHead& head) {
    state_ = State::body;
    keeps_alive_ = head.keep_alive && head.framing != http::Framing::until_close;
    body_ = http::BodyReader{head.framing, head.content_length};
    check_.on_head(head.status);
    const std::string& backend_header = request_->expected.backend_header;
    if (!backend_header.empty()) backend_ = field_of(head, backend_header);
}

void AnswerReader::take_body(std::span<std::byte> bytes) {
    const http::BodyReader::Progress progress = body_.read(bytes);
    check_.on_body(bytes.first(progress.body));
    if (progress.refusal != http::Refusal::none) return fail(Mistake::malformed);
    if (!progress.ended) return;
    if (progress.consumed < bytes.size()) return fail(Mistake::wrong_bytes);
    finish();
}

AnswerReader::State AnswerReader::on_stream_end() {
    if (state_ == State::body && body_.on_stream_end()) finish();
    return state_;
}

void AnswerReader::finish() {
    state_ = State::whole;
    mistake_ = check_.finish();
    const bool is_named = request_->expected.backend_header.empty() || !backend_.empty();
    if (!mistake_ && !is_named) mistake_ = Mistake::unnamed;
}

void AnswerReader::fail(Mistake mistake) {
    state_ = State::broken;
    mistake_ = mistake;
}

}  // namespace ringway::loadtest
