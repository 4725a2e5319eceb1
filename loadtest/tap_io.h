// An Io that writes down every byte received before anybody has looked at it: what
// `ringway-origin --log-bytes FILE` proves with it is that nothing of a refused request reached a
// backend. It stands in front of another Io and passes everything on; a receive goes by way of a
// completion of its own.
// Owned by main; the origin's thread. The file is written at once and in order of arrival, so it
// is for tests, not for figures.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "core/io.h"

namespace ringway::loadtest {

class TapIo final : public core::Io {
public:
    // `file_fd` stays the caller's.
    TapIo(core::Io& under, int file_fd);
    ~TapIo() override;

    core::Result<int> open_socket(const core::Address& peer) override;
    core::Result<core::Address> peer_address(int fd) override;
    void shutdown(int fd) noexcept override;
    void reset(int fd) noexcept override;
    void shutdown_send(int fd) noexcept override;
    std::size_t unacknowledged(int fd) noexcept override;
    std::optional<std::uint64_t> acknowledged(int fd) noexcept override;
    void accept(core::Completion& completion, int listen_fd) override;
    void connect(core::Completion& completion, int fd, const core::Address& peer) override;
    void receive(core::Completion& completion, int fd, core::Pool pool) override;
    void receive_into(core::Completion& completion, int fd, std::span<std::byte> space) override;
    void send(core::Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void send_last(core::Completion& completion, int fd, std::span<const std::byte> bytes) override;
    void poll(core::Completion& completion, int fd, unsigned events) override;
    void close(core::Completion& completion, int fd) override;
    void cancel(core::Completion& victim) override;
    void run_once(core::Instant until, core::SleepGate& gate) override;
    const core::Clock& clock() const override;
    core::BufferPool& pool(core::Pool pool) override;
    core::BufferPool& bulk_pool() override;
    core::Waker& waker() override;
    std::size_t in_flight() const override;

private:
    class Tap;

    Tap& take_tap(core::Completion& completion);
    void write_down(std::span<const std::byte> bytes) const;

    // Set at construction.
    core::Io& under_;
    int file_fd_;

    std::vector<std::unique_ptr<Tap>> idle_;
    std::unordered_map<core::Completion*, std::unique_ptr<Tap>> tapped_;  // By who waits.
};

}  // namespace ringway::loadtest
