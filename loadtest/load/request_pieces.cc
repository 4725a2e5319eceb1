#include "loadtest/load/request_pieces.h"

#include <algorithm>
#include <limits>

#include "loadtest/body_pattern.h"

namespace ringway::loadtest {

void RequestPieces::begin(const LoadRequest& request) {
    request_ = &request;
    head_ = request.head;
    body_left_ = request.body_bytes;
}

void RequestPieces::begin(const LoadRequest& request, std::uint64_t number) {
    begin(request);
    numbered_ = request.head;
    write_number(request, number, numbered_);
    head_ = numbered_;
}

std::span<const std::byte> RequestPieces::next() {
    const std::uint64_t most =
        request_->drips() ? request_->drip.bytes : std::numeric_limits<std::uint64_t>::max();
    if (!head_.empty()) {
        const std::string_view piece = head_.substr(0, static_cast<std::size_t>(most));
        head_.remove_prefix(piece.size());
        return std::as_bytes(std::span{piece});
    }
    const std::uint64_t size = std::min({most, body_left_, std::uint64_t{pattern_piece_max}});
    const std::uint64_t offset = request_->body_bytes - body_left_;
    body_left_ -= size;
    return pattern_piece(offset, static_cast<std::size_t>(size));
}

}  // namespace ringway::loadtest
