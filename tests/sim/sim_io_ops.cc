// What each operation of a SimIo does to its socket, once submitted.
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "tests/sim/sim_io.h"

namespace ringway::sim {

void SimIo::submit(std::uint32_t index) {
    Operation& operation = operations_[index];
    if (operation.ended) return;
    operation.submitted = true;
    if (operation.kind == Kind::close) return do_close(index);
    if (operation.kind == Kind::yield) return finish(index, {.result = 0});
    Descriptor& descriptor = this->descriptor(operation.fd);
    switch (operation.kind) {
        case Kind::accept:
            descriptor.reader = index;
            return try_accept(index);
        case Kind::connect:
            descriptor.writer = index;
            last_port_ = last_port_ == 0xffff ? 1'025 : static_cast<std::uint16_t>(last_port_ + 1);
            return net_.connect(descriptor.socket, host_.with_port(last_port_), operation.peer);
        case Kind::receive:
            descriptor.reader = index;
            return try_receive(index);
        case Kind::send:
            descriptor.writer = index;
            return try_send(index);
        case Kind::poll:
            operation.next_poll = descriptor.polls;
            descriptor.polls = index;
            return try_polls(operation.fd);
        case Kind::yield:
        case Kind::close:
            return;
    }
}

void SimIo::do_close(std::uint32_t index) {
    const int fd = operations_[index].fd;
    if (descriptor(fd).is_listener) {
        net_.close_listener(*this, fd);
    } else {
        net_.close(descriptor(fd).socket);
    }
    free_descriptor(fd);
    finish(index, {.result = 0});
}

void SimIo::on_readable(int fd) {
    if (const std::uint32_t index = descriptor(fd).reader; index != none) try_receive(index);
    try_polls(fd);
}

void SimIo::on_writable(int fd) {
    if (const std::uint32_t index = descriptor(fd).writer; index != none) try_send(index);
    try_polls(fd);
}

void SimIo::on_connected(int fd, int error) {
    if (const std::uint32_t index = descriptor(fd).writer; index != none) {
        finish(index, {.result = -error});
    }
    try_polls(fd);
}

void SimIo::on_acceptable(int listen_fd) {
    if (const std::uint32_t index = descriptor(listen_fd).reader; index != none) try_accept(index);
}

// Takes what is queued, until the multishot ends.
void SimIo::try_accept(std::uint32_t index) {
    const int listen_fd = operations_[index].fd;
    while (!operations_[index].ended && net_.has_queued(*this, listen_fd)) {
        if (faults().strikes(Fault::accept_failed)) {
            return finish(index, {.result = faults().prng().chance(0.5) ? -EMFILE : -ECONNABORTED});
        }
        const int fd = take_descriptor(Descriptor::State::socket);
        if (fd < 0) return finish(index, {.result = -EMFILE});
        descriptor(fd).socket = net_.accept(*this, listen_fd, fd);
        // A full completion queue ends a multishot with its last success.
        finish(index, {.result = fd, .more = !faults().strikes(Fault::accept_ended)});
    }
}

void SimIo::try_receive(std::uint32_t index) {
    const SocketId socket = descriptor(operations_[index].fd).socket;
    while (!operations_[index].ended && net_.available(socket) != 0) receive_bytes(index);
    if (!operations_[index].ended && net_.at_end(socket)) receive_end(index);
}

void SimIo::receive_bytes(std::uint32_t index) {
    Operation& operation = operations_[index];
    const SocketId socket = descriptor(operation.fd).socket;
    core::Outcome outcome;
    std::span<std::byte> space = operation.space;
    if (operation.space.empty()) {
        core::BufferPool& pool = this->pool(operation.pool);
        core::Buffer buffer;
        if (!faults().strikes(Fault::no_buffers)) buffer = pool.try_take();
        if (!buffer) return finish(index, {.result = -ENOBUFS});
        outcome.buffer = pool.lend(std::move(buffer));
        space = pool.receive_space(outcome.buffer);
    }
    if (operation.standing_left > 0) {
        const std::uint32_t all = this->pool(operation.pool).space_each();
        space = space.first(std::min<std::size_t>(space.size(), all - core::standing_bytes(all)));
    }
    if (faults().strikes(Fault::receive_short)) {
        const std::size_t most = std::min(space.size(), net_.available(socket));
        space = space.first(static_cast<std::size_t>(faults().skewed(most)));
    }
    const std::size_t count = net_.read(socket, space);
    outcome.result = static_cast<int>(count);
    outcome.socket_nonempty = net_.available(socket) != 0;
    outcome.more = operation.standing_left > count && !faults().strikes(Fault::standing_ended);
    operation.standing_left -= std::min(operation.standing_left, count);
    finish(index, outcome);
}

void SimIo::receive_end(std::uint32_t index) {
    Operation& operation = operations_[index];
    core::Outcome outcome;
    if (operation.space.empty()) {
        core::BufferPool& pool = this->pool(operation.pool);
        if (pool.free_count() == 0 || faults().strikes(Fault::end_behind_no_buffers)) {
            return finish(index, {.result = -ENOBUFS});
        }
        if (faults().strikes(Fault::buffer_with_end)) outcome.buffer = pool.lend(pool.try_take());
    }
    outcome.result = -net_.take_receive_error(descriptor(operation.fd).socket);
    finish(index, outcome);
}

void SimIo::try_send(std::uint32_t index) {
    Operation& operation = operations_[index];
    if (operation.kind != Kind::send) return;
    const SocketId socket = descriptor(operation.fd).socket;
    if (const int error = net_.take_send_error(socket); error != 0) {
        if (operation.done == 0) return finish(index, {.result = -error});
        faults().count(Fault::send_short);
        return finish(index, {.result = static_cast<int>(operation.done)});
    }
    while (!operation.parts.empty()) {
        core::Part& part = operation.parts.front();
        const std::size_t taken =
            operation.is_last ? net_.write_last(socket, part) : net_.write(socket, part);
        operation.done += taken;
        part = part.subspan(taken);
        if (!part.empty()) return;
        operation.parts.erase(operation.parts.begin());
    }
    finish(index, {.result = static_cast<int>(operation.done)});
}

void SimIo::try_polls(int fd) {
    const Descriptor& descriptor = this->descriptor(fd);
    if (descriptor.polls == none) return;
    unsigned ready = 0;
    if (descriptor.state == Descriptor::State::listener) {
        if (net_.has_queued(*this, fd)) ready = POLLIN;
    } else {
        const SocketId socket = descriptor.socket;
        if (net_.available(socket) != 0) ready |= POLLIN;
        if (net_.at_end(socket)) ready |= POLLIN | POLLRDHUP;
        if (net_.is_connected(socket) && net_.has_room(socket)) ready |= POLLOUT;
    }
    for (std::uint32_t index = descriptor.polls; index != none;) {
        Operation& operation = operations_[index];
        const std::uint32_t next = operation.next_poll;
        if (const unsigned events = ready & (operation.events | POLLHUP | POLLERR); events != 0) {
            finish(index, {.result = static_cast<int>(events)});
        }
        index = next;
    }
}

}  // namespace ringway::sim
