// How many retries a group may cost: a share of the requests of the last ten seconds and a few per
// second besides. Without it a group in trouble gets its requests twice, just when it can answer
// fewer than once. Each shard keeps the budget of its own requests; shares of parts add up to the
// share of the whole, and the floor is divided by the number of shards.
// Owned by a shard's Exchanges, one per group. Ten buckets of a second each.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "core/clock.h"

namespace ringway::http {

class RetryBudget {
public:
    struct Options {
        double share;             // Of the requests, 0.2 for 20 %.
        double floor_per_second;  // This shard's part of it.
    };
    explicit RetryBudget(Options options) : options_(options) {}

    void on_request(core::Instant now) { current(now).requests++; }
    // Takes one retry out of the budget, or says that it is spent.
    bool try_take(core::Instant now) {
        Bucket& bucket = current(now);
        std::uint64_t requests = 0;
        std::uint64_t retries = 0;
        for (const Bucket& each : buckets_) {
            requests += each.requests;
            retries += each.retries;
        }
        const double allowed = options_.share * static_cast<double>(requests) +
                               options_.floor_per_second * static_cast<double>(buckets_.size());
        if (static_cast<double>(retries) + 1.0 > allowed) return false;
        bucket.retries++;
        return true;
    }

private:
    struct Bucket {
        std::uint32_t requests = 0;
        std::uint32_t retries = 0;
    };

    Bucket& current(core::Instant now) {
        const std::int64_t second =
            std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
        // Seconds in which nothing came are emptied on the way; after a long pause that is all.
        const std::int64_t passed = std::min<std::int64_t>(second - second_, std::ssize(buckets_));
        for (std::int64_t i = 0; i < passed; i++) {
            at_ = (at_ + 1) % buckets_.size();
            buckets_[at_] = {};
        }
        second_ = std::max(second_, second);
        return buckets_[at_];
    }

    Options options_;
    std::array<Bucket, 10> buckets_{};
    std::size_t at_ = 0;
    std::int64_t second_ = 0;
};

}  // namespace ringway::http
