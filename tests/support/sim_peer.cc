#include "tests/support/sim_peer.h"

#include <utility>

namespace ringway::tests {

void SimPeer::connect(const core::Address& peer) {
    CHECK(state_ == State::unused);
    fd_ = io_.open_socket(peer).value();
    state_ = State::connecting;
    io_.connect(send_.then<&SimPeer::on_connected>(), fd_, peer);
}

void SimPeer::on_connected(core::Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    state_ = State::open;
    if (outcome.result < 0) error_ = -outcome.result;
    pump();
}

void SimPeer::adopt(int fd) {
    CHECK(state_ == State::unused);
    fd_ = fd;
    state_ = State::open;
    pump();
}

void SimPeer::send(std::string_view bytes) {
    unsent_ += bytes;
    pump();
}

void SimPeer::end() {
    is_ending_ = true;
    pump();
}

void SimPeer::reset() {
    if (state_ == State::open) io_.reset(fd_);
}

void SimPeer::read_on() {
    is_reading_ = true;
    pump();
}

void SimPeer::pump() {
    if (state_ != State::open || error_ != 0) return;
    if (!is_broken_ && !send_.in_flight() && !unsent_.empty()) {
        sending_ = std::exchange(unsent_, {});
        io_.send(send_.then<&SimPeer::on_sent>(), fd_,
                 std::as_bytes(std::span{sending_.data(), sending_.size()}));
    }
    if (is_ending_ && has_sent_all()) {
        is_ending_ = false;
        io_.shutdown_send(fd_);
    }
    if (is_reading_ && !receive_.in_flight() && !has_ended_) {
        io_.receive_into(receive_.then<&SimPeer::on_received>(), fd_, space_);
    }
}

void SimPeer::on_received(core::Outcome outcome) noexcept {
    if (outcome.result > 0) {
        received.append(reinterpret_cast<const char*>(space_.data()),
                        static_cast<std::size_t>(outcome.result));
    } else if (outcome.result == 0) {
        has_ended_ = true;
    } else {
        error_ = -outcome.result;
    }
    if (state_ == State::closing) return join_close();
    pump();
}

void SimPeer::on_sent(core::Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    // The receive tells how the connection ended.
    if (outcome.result != static_cast<int>(sending_.size())) is_broken_ = true;
    pump();
}

void SimPeer::close() {
    if (state_ == State::connecting) {
        io_.cancel(send_);
    } else if (state_ != State::open) {
        return;
    }
    if (state_ == State::open && (receive_.in_flight() || send_.in_flight())) io_.shutdown(fd_);
    state_ = State::closing;
    join_close();
}

void SimPeer::join_close() {
    if (receive_.in_flight() || send_.in_flight()) return;
    io_.close(send_.then<&SimPeer::on_closed>(), std::exchange(fd_, -1));
}

void RawHost::listen(const core::Address& address) {
    listen_fd_ = io_.listen(address);
    io_.accept(accept_.then<&RawHost::on_accepted>(), listen_fd_);
}

void RawHost::on_accepted(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) {
        peers.push_back(std::make_unique<SimPeer>(io_));
        peers.back()->adopt(outcome.result);
        if (is_stopping_) peers.back()->close();
    }
    if (!outcome.more && !is_stopping_) {
        io_.accept(accept_.then<&RawHost::on_accepted>(), listen_fd_);
    }
}

void RawHost::stop_listening() {
    if (listen_fd_ < 0 || is_stopping_) return;
    is_stopping_ = true;
    if (accept_.in_flight()) io_.cancel(accept_);
}

SimPeer& RawHost::connect(const core::Address& address) {
    peers.push_back(std::make_unique<SimPeer>(io_));
    peers.back()->connect(address);
    return *peers.back();
}

bool RawHost::finish() {
    stop_listening();
    for (const auto& peer : peers) peer->close();
    if (io_.in_flight() > 0) return false;
    if (listen_fd_ >= 0) io_.close_listener(std::exchange(listen_fd_, -1));
    return true;
}

}  // namespace ringway::tests
