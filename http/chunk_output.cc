#include "http/chunk_output.h"

#include <span>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "http/body_framing.h"

namespace ringway::http {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace

bool push_chunk(core::ByteQueue& output, core::Buffer bytes, core::BufferPool& pool) {
    CHECK(bytes.size() > 0);
    char space[chunk_head_bytes_max];
    const std::size_t size = write_chunk_head(bytes.size(), space);
    if (!output.try_copy(bytes_of({space, size}), pool)) return false;
    output.push(std::move(bytes));
    return output.try_copy(bytes_of("\r\n"), pool);
}

bool push_last_chunk(core::ByteQueue& output, core::BufferPool& pool) {
    return output.try_copy(bytes_of("0\r\n\r\n"), pool);
}

bool push_last_chunk(core::ByteQueue& output, core::Buffer trailers, core::BufferPool& pool) {
    if (!output.try_copy(bytes_of("0\r\n"), pool)) return false;
    output.push(std::move(trailers));
    return output.try_copy(bytes_of("\r\n"), pool);
}

}  // namespace ringway::http
