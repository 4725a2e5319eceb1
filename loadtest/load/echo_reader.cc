#include "loadtest/load/echo_reader.h"

namespace ringway::loadtest {

namespace {

// Control frames may come at any time.
bool is_control_ahead(std::span<const std::byte> bytes) {
    return (bytes[0] & std::byte{0x08}) != std::byte{0};
}

}  // namespace

void EchoReader::begin(const LoadRequest& request) {
    state_ = State::awaiting;
    check_.begin(request);
}

EchoReader::Found EchoReader::read(std::span<const std::byte>& bytes) {
    const FrameReader::Progress progress = frames_.read(bytes);
    bytes = bytes.subspan(progress.consumed);
    if (progress.is_malformed) return fail(Mistake::malformed);
    if (progress.closes) return fail(Mistake::read);
    if (progress.ping_ended) return Found::ping;
    if (progress.payload.empty() && !progress.message_ended) return Found::part;
    if (state_ == State::idle) return Found::stray;
    check_.on_body(progress.payload);
    if (!progress.message_ended) return Found::part;
    // What comes behind the echo is nobody's, and may not be taken for the next one's.
    if (!bytes.empty() && !is_control_ahead(bytes)) return fail(Mistake::wrong_bytes);
    state_ = State::idle;
    mistake_ = check_.finish();
    return Found::echo;
}

EchoReader::Found EchoReader::fail(Mistake mistake) {
    mistake_ = mistake;
    return Found::broken;
}

}  // namespace ringway::loadtest
