// Bytes of a head, or of trailers, that have not arrived whole. The usual head comes in one piece
// and never gets here; what does is copied out of the receive buffer at once, so that ten thousand
// clients that send one byte each hold ten thousand small buffers and no receive buffer. Part of a
// session or client; 16 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/buffer_pool.h"
#include "http/context.h"

namespace ringway::http {

inline std::string_view text_of(const core::Buffer& bytes) {
    return {reinterpret_cast<const char*>(bytes.bytes().data()), bytes.size()};
}

class HeadBuffer {
public:
    bool empty() const { return !bytes_; }
    // Adds what arrived. False when no buffer can hold it: the pools are dry.
    [[nodiscard]] bool append(Context& context, core::Buffer arrived) {
        return append(context, arrived.bytes());
    }
    [[nodiscard]] bool append(Context& context, std::span<const std::byte> arrived);
    std::string_view text() const { return text_of(bytes_); }
    // How many of the bytes the last parse saw.
    std::size_t seen() const { return seen_; }
    void set_seen() { seen_ = static_cast<std::uint32_t>(bytes_.size()); }

    core::Buffer take() {
        seen_ = 0;
        return std::move(bytes_);
    }
    void clear() { take().reset(); }

private:
    core::Buffer bytes_;
    std::uint32_t seen_ = 0;
};

}  // namespace ringway::http
