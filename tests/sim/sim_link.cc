#include "tests/sim/sim_link.h"

#include <algorithm>
#include <utility>

namespace ringway::sim {

void SimLink::adopt(int fd) {
    CHECK(state_ == State::unused);
    fd_ = fd;
    state_ = State::open;
    has_ended_ = false;
    receive_max_ = space_.size();
    begin_receive();
}

bool SimLink::try_connect(const core::Address& address) {
    CHECK(state_ == State::unused);
    const core::Result<int> fd = io_.open_socket(address);
    if (!fd) return false;
    fd_ = *fd;
    state_ = State::connecting;
    has_ended_ = false;
    receive_max_ = space_.size();
    io_.connect(sending_op_.then<&SimLink::on_connected>(), fd_, address);
    return true;
}

void SimLink::on_connected(core::Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    if (outcome.result < 0) {
        has_ended_ = true;
        return events_.on_link_ended(-outcome.result);
    }
    state_ = State::open;
    begin_receive();
    events_.on_link_open();
}

void SimLink::begin_receive() {
    if (state_ != State::open || has_ended_ || receive_max_ == 0 || receiving_.in_flight()) return;
    const std::span<std::byte> space{space_};
    io_.receive_into(receiving_.then<&SimLink::on_received>(), fd_,
                     space.first(std::min(receive_max_, space.size())));
}

void SimLink::set_receive_max(std::size_t count) {
    receive_max_ = count;
    begin_receive();
}

void SimLink::on_received(core::Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    if (outcome.result <= 0) {
        if (std::exchange(has_ended_, true)) return;
        return events_.on_link_ended(-outcome.result);
    }
    const std::string_view bytes{reinterpret_cast<const char*>(space_.data()),
                                 static_cast<std::size_t>(outcome.result)};
    events_.on_link_bytes(bytes);
    begin_receive();
}

void SimLink::send(std::string_view bytes) {
    if (state_ != State::open) return;
    output_ += bytes;
    begin_send();
}

void SimLink::begin_send() {
    if (sending_op_.in_flight() || output_.empty() || has_ended_) return;
    std::swap(sending_, output_);
    output_.clear();
    io_.send(sending_op_.then<&SimLink::on_sent>(), fd_,
             std::as_bytes(std::span{sending_.data(), sending_.size()}));
}

void SimLink::on_sent(core::Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    if (outcome.result != static_cast<int>(sending_.size())) {
        // What the peer answered before it went may still be there to receive; the receive, which
        // is in flight or comes, meets the end.
        output_.clear();
        return;
    }
    if (!output_.empty()) return begin_send();
    events_.on_link_sent();
}

void SimLink::begin_close() {
    if (state_ == State::closing || state_ == State::unused) return;
    const State before = std::exchange(state_, State::closing);
    output_.clear();
    if (before == State::connecting && sending_op_.in_flight()) {
        io_.cancel(sending_op_);
    } else {
        io_.shutdown(fd_);
    }
    join_close();
}

void SimLink::begin_reset() {
    if (state_ == State::open) io_.reset(fd_);
    begin_close();
}

void SimLink::join_close() {
    if (receiving_.in_flight() || sending_op_.in_flight()) return;
    io_.close(sending_op_.then<&SimLink::on_closed>(), std::exchange(fd_, -1));
}

void SimLink::on_closed(core::Outcome) noexcept {
    state_ = State::unused;
    events_.on_link_closed();
}

}  // namespace ringway::sim
