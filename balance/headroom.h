// Whether a group would bear the loss of one backend: the most that it had to carry within the last
// hour, against what its backends can carry without the strongest of them.
//
// What a backend can carry is learned from its answers, and is a number of requests in flight: the
// knee, from which on requests wait for each other and latency bends upwards. With n in flight and
// answers after L(n) it does n / L(n) a second; at its best, times the latency of an idle one, that
// is the knee (Little's law). A backend that was never pressed so far is known to carry what it has
// carried. It is right within a fifth, or half a request. Means are kept by concurrency, in steps
// of a fifth; old answers fade as new ones come.
//
// One per group and shard, and only where it is asked for; it counts what its shard knows. Pure: no
// clock of its own. Nothing allocates after construction.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/clock.h"

namespace ringway::balance {

class Headroom {
public:
    explicit Headroom(std::size_t backends) : learned_(backends) {}

    // A request that had `among` in flight with it when it began, itself included, took so long.
    void on_answered(std::size_t backend, float among, core::Duration latency);
    // What the whole group has in flight: to be told often, at least once a minute for an answer.
    void sample(float in_flight, core::Instant now);

    // Requests in flight that it bears; 0: not known yet.
    float knee(std::size_t backend) const;
    // The largest mean of a minute within the last hour, this minute's included.
    float load_of_hour() const;
    // That load over what is left without the strongest backend: above 1 it would not bear the
    // loss. 0 while one is not known; a group of one has nothing left, which is `hopeless`.
    float n_minus_one() const;
    static constexpr float hopeless = 1'000;

private:
    static constexpr std::size_t steps = 64;
    static constexpr std::size_t minutes = 60;
    // So many answers make a mean, and after so many it forgets half.
    static constexpr float samples_min = 64;
    static constexpr float samples_max = 4'096;

    struct Mean {
        float samples = 0;
        float among = 0;  // Sums.
        float latency_us = 0;
    };
    struct Minute {
        float sum = 0;
        float samples = 0;
        float mean() const { return samples > 0 ? sum / samples : 0; }
    };
    static std::size_t step_of(float among);

    std::vector<std::array<Mean, steps>> learned_;  // By backend, then concurrency.
    std::array<Minute, minutes> hour_{};            // A ring.
    std::size_t minute_ = 0;
    core::Instant minute_ends_{};
};

}  // namespace ringway::balance
