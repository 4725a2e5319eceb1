#include "loadtest/origin/tap_io.h"

#include <unistd.h>

#include <utility>

#include "core/buffer_pool.h"

namespace ringway::loadtest {

// Waits in the place of whoever asked for bytes.
class TapIo::Tap final {
public:
    explicit Tap(TapIo& owner) : owner_(owner) {}

    core::Op<Tap>& receive(core::Completion& waiting, core::Pool pool) {
        waiting_ = &waiting;
        pool_ = pool;
        return receive_.then<&Tap::on_received>();
    }
    core::Completion& completion() { return receive_; }

private:
    void on_received(core::Outcome outcome) noexcept;

    TapIo& owner_;
    core::Completion* waiting_ = nullptr;
    core::Pool pool_ = core::Pool::client;
    core::Op<Tap> receive_{*this};
};

void TapIo::Tap::on_received(core::Outcome outcome) noexcept {
    if (outcome.buffer != core::Outcome::no_buffer && outcome.result > 0) {
        core::BufferPool& pool = owner_.under().pool(pool_);
        core::Buffer bytes = pool.reclaim(outcome.buffer, static_cast<std::size_t>(outcome.result));
        owner_.write_down(bytes.bytes());
        // Back to how the engine hands it over.
        outcome.buffer = pool.lend(std::move(bytes));
    }
    // Bulk is received into large buffers, past us: a stream that hears of none stays with these.
    outcome.socket_nonempty = false;
    core::Completion& waiting = *waiting_;
    auto self = owner_.tapped_.extract(&waiting);
    owner_.idle_.push_back(std::move(self.mapped()));
    waiting.completed(outcome);
}

TapIo::TapIo(core::Io& under, int file_fd) : PassingIo(under), file_fd_(file_fd) {}

TapIo::~TapIo() {
    CHECK(tapped_.empty());
}

void TapIo::write_down(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_fd_, bytes.data(), bytes.size());
        // A proof with bytes missing is none.
        CHECK(written > 0);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

TapIo::Tap& TapIo::take_tap(core::Completion& completion) {
    if (idle_.empty()) idle_.push_back(std::make_unique<Tap>(*this));
    auto& place = tapped_[&completion];
    place = std::move(idle_.back());
    idle_.pop_back();
    return *place;
}

void TapIo::receive(core::Completion& completion, int fd, core::Pool pool) {
    completion.started();
    under().receive(take_tap(completion).receive(completion, pool), fd, pool);
}

void TapIo::cancel(core::Completion& victim) {
    const auto found = tapped_.find(&victim);
    under().cancel(found == tapped_.end() ? victim : found->second->completion());
}

}  // namespace ringway::loadtest
