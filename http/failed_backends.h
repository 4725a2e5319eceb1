// The backends that have failed one request, in the order in which they did: a retry goes to
// somebody else while there is somebody else. Few are remembered, the last ones, because hardly any
// request has more tries than that. Owned by an Exchange, on its shard's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/ids.h"

namespace ringway::http {

class FailedBackends {
public:
    static constexpr std::size_t count_max = 4;

    // It is the last one now, also where it has failed before.
    void add(core::BackendId backend) {
        const auto end = backends_.begin() + count_;
        const auto known = std::find(backends_.begin(), end, backend);
        if (known == end && count_ < count_max) {
            backends_[count_++] = backend;
            return;
        }
        // Its own place, or that of the oldest.
        const auto place = known == end ? backends_.begin() : known;
        std::copy(place + 1, end, place);
        *(end - 1) = backend;
    }
    std::span<const core::BackendId> all() const { return std::span{backends_}.first(count_); }

private:
    std::array<core::BackendId, count_max> backends_{};
    std::uint8_t count_ = 0;
};

}  // namespace ringway::http
