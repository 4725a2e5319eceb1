// An Io that passes everything on to another: the base of those that stand in front of an engine
// and do one thing differently. What is not overridden costs one more virtual call.
// Lives on the thread of the Io under it, which outlives it.
#pragma once

#include "core/io.h"

namespace ringway::loadtest {

class PassingIo : public core::Io {
public:
    explicit PassingIo(core::Io& under) : under_(under) {}

    core::Result<int> open_socket(const core::Address& peer) override {
        return under_.open_socket(peer);
    }
    core::Result<core::Address> peer_address(int fd) override { return under_.peer_address(fd); }
    void shutdown(int fd) noexcept override { under_.shutdown(fd); }
    void reset(int fd) noexcept override { under_.reset(fd); }
    void shutdown_send(int fd) noexcept override { under_.shutdown_send(fd); }
    std::size_t unacknowledged(int fd) noexcept override { return under_.unacknowledged(fd); }
    std::optional<std::uint64_t> acknowledged(int fd) noexcept override {
        return under_.acknowledged(fd);
    }
    void accept(core::Completion& completion, int listen_fd) override {
        under_.accept(completion, listen_fd);
    }
    void connect(core::Completion& completion, int fd, const core::Address& peer) override {
        under_.connect(completion, fd, peer);
    }
    void receive(core::Completion& completion, int fd, core::Pool pool) override {
        under_.receive(completion, fd, pool);
    }
    void receive_standing(core::Completion& completion, int fd, core::Pool pool) override {
        under_.receive_standing(completion, fd, pool);
    }
    void receive_into(core::Completion& completion, int fd, std::span<std::byte> space) override {
        under_.receive_into(completion, fd, space);
    }
    void send(core::Completion& completion, int fd, std::span<const std::byte> bytes) override {
        under_.send(completion, fd, bytes);
    }
    void send_parts(core::Completion& completion, int fd,
                    std::span<const core::Part> parts) override {
        under_.send_parts(completion, fd, parts);
    }
    void send_last(core::Completion& completion, int fd,
                   std::span<const std::byte> bytes) override {
        under_.send_last(completion, fd, bytes);
    }
    void yield(core::Completion& completion) override { under_.yield(completion); }
    void poll(core::Completion& completion, int fd, unsigned events) override {
        under_.poll(completion, fd, events);
    }
    void close(core::Completion& completion, int fd) override { under_.close(completion, fd); }
    void cancel(core::Completion& victim) override { under_.cancel(victim); }
    void run_once(core::Instant until, core::SleepGate& gate) override {
        under_.run_once(until, gate);
    }
    const core::Clock& clock() const override { return under_.clock(); }
    core::BufferPool& pool(core::Pool pool) override { return under_.pool(pool); }
    core::BufferPool& bulk_pool() override { return under_.bulk_pool(); }
    core::Waker& waker() override { return under_.waker(); }
    std::size_t in_flight() const override { return under_.in_flight(); }

protected:
    core::Io& under() { return under_; }

private:
    core::Io& under_;
};

}  // namespace ringway::loadtest
