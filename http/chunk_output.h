// A body in chunks, written into the output of a connection: the same for answers to clients and
// for requests to backends (RFC 9112, 7.1). Bodies are passed on in the buffers they came in; only
// the framing is copied, next to what waits there already or into a small buffer.
//
// Where a function says false the pool was dry and a part of the framing is missing: what follows
// would be read as something else, so nothing more may go out on that connection. On the shard's
// thread; they keep nothing.
#pragma once

#include "core/buffer_pool.h"
#include "core/byte_queue.h"

namespace ringway::http {

// One chunk of these bytes. REQUIRES: there are some, for an empty chunk is the last.
[[nodiscard]] bool push_chunk(core::ByteQueue& output, core::Buffer bytes, core::BufferPool& pool);

// The last chunk, with the end of the body behind it.
[[nodiscard]] bool push_last_chunk(core::ByteQueue& output, core::BufferPool& pool);
// The same with trailers between the two: lines as in trailers.h.
[[nodiscard]] bool push_last_chunk(core::ByteQueue& output, core::Buffer trailers,
                                   core::BufferPool& pool);

}  // namespace ringway::http
