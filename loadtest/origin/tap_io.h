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

#include "loadtest/passing_io.h"

namespace ringway::loadtest {

class TapIo final : public PassingIo {
public:
    // `file_fd` stays the caller's.
    TapIo(core::Io& under, int file_fd);
    ~TapIo() override;

    // Nobody who is tapped receives by receive_into.
    void receive(core::Completion& completion, int fd, core::Pool pool) override;
    // They do not: each arrival is written down, and then asked for anew.
    void receive_standing(core::Completion& completion, int fd, core::Pool pool) override {
        receive(completion, fd, pool);
    }
    void cancel(core::Completion& victim) override;

private:
    class Tap;

    Tap& take_tap(core::Completion& completion);
    void write_down(std::span<const std::byte> bytes) const;

    // Set at construction.
    int file_fd_;

    std::vector<std::unique_ptr<Tap>> idle_;
    std::unordered_map<core::Completion*, std::unique_ptr<Tap>> tapped_;  // By who waits.
};

}  // namespace ringway::loadtest
