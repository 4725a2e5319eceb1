#include "loadtest/load/stage.h"

namespace ringway::loadtest {

namespace {

// Longer than a generator sleeps before it looks again.
constexpr core::Duration notice = std::chrono::milliseconds(20);

}  // namespace

void LoadStage::arrive(core::Instant now) {
    if (awaited_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    begins_at_ns_.store((now + notice).time_since_epoch().count(), std::memory_order_release);
}

std::optional<core::Instant> LoadStage::begins_at() const {
    const std::int64_t at = begins_at_ns_.load(std::memory_order_acquire);
    if (at == unset) return {};
    return core::Instant{core::Duration{at}};
}

void LoadStage::publish(const LoadTally& recent) {
    const std::lock_guard lock{mutex_};
    published_.add(recent);
}

void LoadStage::collect(LoadTally& tally) {
    const std::lock_guard lock{mutex_};
    tally.add(published_);
    published_.clear();
}

}  // namespace ringway::loadtest
