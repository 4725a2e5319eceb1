// A request head kept beyond the bytes it was parsed from: the raw head and its field table, side
// by side in one buffer. Because a head is offsets, keeping it is two copies and no fix-up.
// Part of an Exchange.
#pragma once

#include "core/buffer_pool.h"
#include "http/context.h"
#include "http/message.h"

namespace ringway::http {

class HeadArena {
public:
    // False when no buffer can hold it: the pools are dry.
    [[nodiscard]] bool keep(Context& context, const RequestHead& head);
    void clear() { bytes_.reset(); }
    bool empty() const { return !bytes_; }
    // REQUIRES: kept.
    const RequestHead& head() const { return head_; }

private:
    core::Buffer bytes_;
    RequestHead head_;
};

}  // namespace ringway::http
