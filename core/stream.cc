#include "core/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ringway::core {

namespace {

// Of what a receive of bulk must bring for the next one to be one too.
constexpr std::size_t bulk_bytes_min = 32'768;

// A stop costs more than a receive: who makes us stop once may do so with every request.
constexpr std::uint8_t singles_behind_a_stop = 16;

// Who asks again hears of it again, or of nothing worse. An error the kernel tells only once.
bool comes_again(int result) {
    return result == 0 || result == -ENOBUFS || result == -EINTR || result == -EAGAIN ||
           result == -ECANCELED;
}

}  // namespace

Stream::Stream(Io& io, StreamEvents& events, Options options)
    : io_(io), events_(events), options_(options) {}

Stream::~Stream() {
    CHECK(state_ == State::unused || state_ == State::closed);
}

void Stream::adopt(int fd) {
    CHECK(state_ == State::unused);
    fd_ = fd;
    state_ = State::open;
}

Result<void> Stream::connect(const Address& peer) {
    CHECK(state_ == State::unused);
    Result<int> fd = io_.open_socket(peer);
    if (!fd) return std::unexpected(fd.error());
    fd_ = *fd;
    state_ = State::connecting;
    io_.connect(send_.then<&Stream::on_connect_done>(), fd_, peer);
    return {};
}

void Stream::on_connect_done(Outcome outcome) noexcept {
    if (state_ == State::closing) return join_close();
    if (outcome.result < 0) return fail(-outcome.result, errc_of(-outcome.result));
    state_ = State::open;
    events_.on_connected();
}

void Stream::receive(std::size_t bulk_bytes_max) {
    CHECK(state_ == State::open);
    if (is_asked_ || hearing_ != Hearing::goes_on) return;
    is_asked_ = true;
    if (early_) return io_.yield(early_->telling.then<&Stream::on_yielded>());
    if (!receive_.in_flight()) begin_receive(bulk_bytes_max);
}

void Stream::begin_receive(std::size_t bulk_bytes_max) {
    if (receives_bulk_ && try_receive_bulk(bulk_bytes_max)) return;
    receive_.then<&Stream::on_received>();
    // In bulk a whole buffer at a time: one that stands leaves a part of it empty.
    if (singles_ == 0 && !receives_bulk_) {
        io_.receive_standing(receive_, fd_, options_.pool);
    } else {
        io_.receive(receive_, fd_, options_.pool);
    }
}

bool Stream::try_receive_bulk(std::size_t bytes_max) {
    Buffer buffer = io_.bulk_pool().try_take();
    if (!buffer) return false;
    const std::span<std::byte> room = buffer.back_room();
    const std::span<std::byte> space = room.first(std::min(room.size(), bytes_max));
    bulk_ = buffer.release();
    BufferPool::lend_in_place(*bulk_);
    io_.receive_into(receive_.then<&Stream::on_bulk_received>(), fd_, space);
    return true;
}

void Stream::on_bulk_received(Outcome outcome) noexcept {
    BufferPool::reclaim_in_place(*bulk_);
    Buffer bytes{std::exchange(bulk_, nullptr)};
    const std::size_t count = outcome.result > 0 ? static_cast<std::size_t>(outcome.result) : 0;
    bytes.extend(count);
    // As long as it is worth the memory: a trickle goes back to small buffers.
    receives_bulk_ = count >= bulk_bytes_min;
    on_arrived(outcome, std::move(bytes));
}

void Stream::on_received(Outcome outcome) noexcept {
    Buffer bytes;
    if (outcome.buffer != Outcome::no_buffer) {
        const int count = outcome.result > 0 ? outcome.result : 0;
        bytes = io_.pool(options_.pool).reclaim(outcome.buffer, static_cast<std::size_t>(count));
        // For one that stands three quarters is full.
        const std::uint32_t room_left = standing_bytes(io_.pool(options_.pool).space_each());
        receives_bulk_ = outcome.socket_nonempty && bytes.back_room().size() <= room_left;
    }
    on_arrived(outcome, std::move(bytes));
}

void Stream::on_arrived(Outcome outcome, Buffer bytes) {
    switch (state_) {
        case State::open:
            break;
        case State::closing:
            return join_close();
        case State::releasing:
            if (early_ || !is_joined()) keep(outcome, std::exchange(bytes, {}));
            return join_release(std::move(bytes));
        case State::unused:
        case State::connecting:
        case State::closed:
            CHECK(false);
    }
    if (early_ || !is_asked_) return keep(outcome, bytes);
    if (unread_ != Unread::starved) arrived_at_ = io_.clock().now();
    if (outcome.result == -ENOBUFS) {
        unread_ = Unread::starved;
        return io_.pool(options_.pool).wait(*this);
    }
    unread_ = outcome.socket_nonempty ? Unread::left : Unread::none;
    is_asked_ = false;
    if (outcome.result > 0) return hand_over(std::move(bytes));
    // Who could not be sent to did not end in order, though the kernel tells of a failure only
    // once.
    if (outcome.result == 0) return fail(0, !can_send() ? Errc::reset : Errc::ended);
    if (comes_again(outcome.result)) return receive();
    fail(-outcome.result, errc_of(-outcome.result));
}

void Stream::hand_over(Buffer bytes) {
    // The first receive is a single one: it may be the only one, and then a close has nothing to
    // join.
    if (singles_ > 0) singles_--;
    events_.on_bytes(std::move(bytes));
    if (state_ != State::open || is_asked_) return;
    // Nobody asks for what else there may be, so nothing else would tell.
    if (!can_send()) return fail(EPIPE, Errc::reset);
    if (receive_.in_flight()) stop_standing();
}

void Stream::on_buffers_back() noexcept {
    if (state_ == State::releasing) return join_release({});
    if (state_ != State::open) return;
    if (early_) return tell_early();
    begin_receive(std::numeric_limits<std::size_t>::max());
}

// --- What came unasked --------------------------------------------------------------------------

void Stream::stop_standing() {
    if (std::exchange(singles_, singles_behind_a_stop) == 0) io_.cancel(receive_);
}

// A buffer is not held for long: what nobody asks for, perhaps for minutes, is copied.
void Stream::keep(Outcome outcome, const Buffer& bytes) {
    if (receive_.in_flight() && state_ == State::open) stop_standing();
    if (outcome.result == -ENOBUFS && !early_) unread_ = Unread::left;
    if (comes_again(outcome.result)) return;
    if (!early_) {
        arrived_at_ = io_.clock().now();
        early_ = std::make_unique<Early>(*this);
    }
    if (outcome.result < 0) {
        early_->error = -outcome.result;
        return;
    }
    unread_ = outcome.socket_nonempty ? Unread::left : Unread::none;
    const std::span<const std::byte> arrived = bytes.bytes();
    early_->bytes.insert(early_->bytes.end(), arrived.begin(), arrived.end());
    CHECK(early_->bytes.size() <= io_.pool(options_.pool).space_each());
}

void Stream::on_yielded(Outcome) noexcept {
    if (state_ == State::closing) return join_close();
    if (state_ == State::releasing) return join_release({});
    tell_early();
}

void Stream::tell_early() {
    if (early_->bytes.empty()) {
        const int error = std::exchange(early_, nullptr)->error;
        is_asked_ = false;
        return fail(error, errc_of(error));
    }
    Buffer bytes = try_take_early();
    if (!bytes) return io_.pool(options_.pool).wait(*this);
    // Nobody looked for what may have come behind it.
    unread_ = Unread::left;
    is_asked_ = false;
    hand_over(std::move(bytes));
}

// An empty one when the pool is dry.
Buffer Stream::try_take_early() {
    Buffer buffer = io_.pool(options_.pool).try_take();
    if (!buffer) return {};
    buffer.append(std::exchange(early_->bytes, {}));
    if (early_->error == 0) early_.reset();
    return buffer;
}

// --- Bytes out ----------------------------------------------------------------------------------

void Stream::flush() {
    if (state_ != State::open || hearing_ == Hearing::failed || !can_send()) return;
    if (send_.in_flight() || output_.empty()) return;
    send_.then<&Stream::on_sent>();
    // What goes together with the end goes by itself.
    const bool ends = sending_ == Sending::ends_behind_output;
    if (output_.has_several() && !ends) {
        std::array<Part, send_parts_max> space;
        return io_.send_parts(send_, fd_, output_.begin_send(space));
    }
    const Part bytes = output_.begin_send();
    if (ends && bytes.size() == output_.size()) return io_.send_last(send_, fd_, bytes);
    io_.send(send_, fd_, bytes);
}

void Stream::flush_last() {
    if (can_send()) sending_ = Sending::ends_behind_output;
    flush();
}

void Stream::on_sent(Outcome outcome) noexcept {
    const std::size_t wanted = output_.end_send();
    if (state_ == State::closing) return join_close();
    // MSG_WAITALL: short means that the peer is gone; the errno would come with the next send.
    if (outcome.result < 0) return fail_to_send(-outcome.result, errc_of(-outcome.result));
    if (static_cast<std::size_t>(outcome.result) != wanted) return fail_to_send(EPIPE, Errc::reset);
    sent_ += static_cast<std::uint32_t>(wanted);
    if (!output_.empty()) return flush();
    events_.on_drained();
}

std::uint32_t Stream::taken() const {
    return static_cast<std::uint32_t>(io_.acknowledged(fd_).value_or(sent_));
}

void Stream::fail_to_send(int sys, Errc code) {
    sending_ = Sending::broken;
    output_.clear();
    // It completes, for the connection is broken: with what the peer said before, or with that.
    if (!is_receiving()) fail(sys, code);
}

void Stream::end_output() {
    CHECK(output_.empty());
    if (state_ == State::open) io_.shutdown_send(fd_);
}

void Stream::fail(int sys, Errc code) {
    // A broken connection shows in its receive and in its send; the owner hears it once.
    const Hearing heard = code == Errc::ended ? Hearing::ended : Hearing::failed;
    if (heard <= hearing_) return;
    hearing_ = heard;
    const bool connecting = state_ == State::connecting;
    if (connecting) state_ = State::open;
    events_.on_stream_failed(Error{
        .code = code,
        .side = options_.side,
        .retry = connecting ? Retry::yes : Retry::if_reused,
        .sys = sys,
        .what = connecting            ? "the connection was not established"
                : code == Errc::ended ? "the peer ended the connection"
                                      : "the connection broke",
    });
}

void Stream::begin_close() {
    if (state_ == State::releasing) {
        // Not to be given away after all; what is being cancelled joins.
        stop_waiting();
        io_.shutdown(fd_);
        state_ = State::closing;
        return join_close();
    }
    if (state_ != State::open && state_ != State::connecting) return;
    stop_waiting();
    if (state_ == State::connecting) {
        io_.cancel(send_);
    } else if (receive_.in_flight() || send_.in_flight()) {
        io_.shutdown(fd_);
    }
    state_ = State::closing;
    join_close();
}

void Stream::begin_reset() {
    if (state_ == State::open) io_.reset(fd_);
    begin_close();
}

bool Stream::is_joined() const {
    const bool is_telling = early_ && early_->telling.in_flight();
    return !receive_.in_flight() && !send_.in_flight() && !is_telling;
}

void Stream::join_close() {
    if (!is_joined()) return;
    output_.clear();
    early_.reset();
    io_.close(send_.then<&Stream::on_close_done>(), std::exchange(fd_, -1));
}

void Stream::on_close_done(Outcome) noexcept {
    state_ = State::closed;
    events_.on_closed();
}

void Stream::begin_release() {
    CHECK(state_ == State::open && output_.empty() && !send_.in_flight());
    stop_waiting();
    state_ = State::releasing;
    if (receive_.in_flight()) return io_.cancel(receive_);
    // There is nothing to join, yet the answer must come from the loop.
    io_.yield(send_.then<&Stream::on_yielded>());
}

void Stream::join_release(Buffer bytes) {
    if (!is_joined()) return;
    if (early_ && early_->error != 0) {
        // Given away, it would look as if it had ended in order.
        const int error = std::exchange(early_, nullptr)->error;
        state_ = State::open;
        return fail(error, errc_of(error));
    }
    if (early_) {
        bytes = try_take_early();
        if (!bytes) return io_.pool(options_.pool).wait(*this);
    }
    state_ = State::closed;
    events_.on_released(std::exchange(fd_, -1), std::move(bytes));
}

}  // namespace ringway::core
