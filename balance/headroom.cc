#include "balance/headroom.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ringway::balance {
namespace {

// Up to here each number has its own mean, above there are four to an octave.
constexpr float exact_until = 8;
constexpr float steps_per_octave = 4;

}  // namespace

std::size_t Headroom::step_of(float among) {
    if (among < exact_until) return static_cast<std::size_t>(std::max(among, 1.0F)) - 1;
    const float above = exact_until - 1 + steps_per_octave * std::log2(among / exact_until);
    return std::min(static_cast<std::size_t>(above), steps - 1);
}

void Headroom::on_answered(std::size_t backend, float among, core::Duration latency) {
    Mean& mean = learned_[backend][step_of(among)];
    if (mean.samples >= samples_max) {
        mean = {mean.samples / 2, mean.among / 2, mean.latency_us / 2};
    }
    mean.samples += 1;
    mean.among += among;
    mean.latency_us += static_cast<float>(latency.count()) * 1e-3F;
}

float Headroom::knee(std::size_t backend) const {
    float idle_us = std::numeric_limits<float>::max();
    float best = 0;  // Requests per microsecond.
    for (const Mean& mean : learned_[backend]) {
        if (mean.samples < samples_min || mean.latency_us <= 0) continue;
        idle_us = std::min(idle_us, mean.latency_us / mean.samples);
        best = std::max(best, mean.among / mean.latency_us);
    }
    return best > 0 ? best * idle_us : 0;
}

void Headroom::sample(float in_flight, core::Instant now) {
    if (now >= minute_ends_) {
        // A group that nobody asked for longer than an hour had no load.
        const auto passed =
            static_cast<std::size_t>((now - minute_ends_) / std::chrono::minutes(1));
        for (std::size_t n = std::min(passed + 1, minutes); n > 0; n--) {
            minute_ = (minute_ + 1) % minutes;
            hour_[minute_] = {};
        }
        minute_ends_ = now + std::chrono::minutes(1);
    }
    hour_[minute_].sum += in_flight;
    hour_[minute_].samples += 1;
}

float Headroom::load_of_hour() const {
    float most = 0;
    for (const Minute& minute : hour_) most = std::max(most, minute.mean());
    return most;
}

float Headroom::n_minus_one() const {
    float all = 0;
    float strongest = 0;
    for (std::size_t i = 0; i < learned_.size(); i++) {
        const float bears = knee(i);
        if (bears <= 0) return 0;
        all += bears;
        strongest = std::max(strongest, bears);
    }
    const float left = all - strongest;
    return left > 0 ? std::min(load_of_hour() / left, hopeless) : hopeless;
}

}  // namespace ringway::balance
