#include "http/head_buffer.h"

namespace ringway::http {

bool HeadBuffer::append(Context& context, std::span<const std::byte> arrived) {
    const std::size_t total = (bytes_ ? bytes_.size() : 0) + arrived.size();
    if (!bytes_ || bytes_.back_room().size() < arrived.size()) {
        core::Buffer larger = context.take_buffer(total);
        if (!larger) return false;
        if (bytes_) larger.append(bytes_.bytes());
        bytes_ = std::move(larger);
    }
    bytes_.append(arrived);
    return true;
}

}  // namespace ringway::http
