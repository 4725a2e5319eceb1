// Reads what comes over a WebSocket whose server sends every message back: frames, control frames
// between them, and the echo, which is held against the message that was sent. It does no I/O: its
// connection hands it the bytes as they come and does what it is told.
// Part of a LoadConnection while that speaks WebSocket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "loadtest/load/answer_check.h"
#include "loadtest/load/websocket.h"

namespace ringway::loadtest {

class EchoReader {
public:
    enum class Found : std::uint8_t {
        part,    // Of a frame: there is nothing to be done yet.
        ping,    // `pong` has to be sent.
        echo,    // The message came back; `mistake` says whether it is the same.
        stray,   // Bytes of a message that nobody asked for.
        broken,  // There is no going on; `mistake` says why.
    };

    explicit EchoReader(FirstBodies& first_bodies) : check_(first_bodies) {}

    // A message leaves, and is to come back.
    void begin(const LoadRequest& request);
    // Cuts off the next frame, or the part of it that came. REQUIRES: bytes are not empty.
    Found read(std::span<const std::byte>& bytes);

    std::string pong() const { return write_pong(frames_.control_payload()); }
    std::optional<Mistake> mistake() const { return mistake_; }

private:
    enum class State : std::uint8_t { idle, awaiting };

    Found fail(Mistake mistake);

    State state_ = State::idle;
    FrameReader frames_;
    AnswerCheck check_;
    std::optional<Mistake> mistake_;
};

}  // namespace ringway::loadtest
