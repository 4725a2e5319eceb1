// Latencies by logarithm: buckets half a percent wide over twelve powers of ten, so that a quantile
// is right to a quarter of a percent whatever the shape of the tail. Plain counts; adding up two
// seeds is adding up their buckets.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::loadtest {

class StudyHistogram {
public:
    void add(double value) {
        const double at = value <= smallest ? 0 : std::log(value / smallest) * per_e;
        counts_[std::min(static_cast<std::size_t>(at), counts_.size() - 1)]++;
        total_++;
    }

    double quantile(double part) const {
        const double wanted = part * static_cast<double>(total_);
        double passed = 0;
        for (std::size_t i = 0; i < counts_.size(); i++) {
            passed += static_cast<double>(counts_[i]);
            if (passed >= wanted)
                return smallest * std::exp((static_cast<double>(i) + 0.5) / per_e);
        }
        return 0;
    }

private:
    static constexpr double smallest = 1e-4;
    static constexpr double per_e = 200;

    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(5'600);
    std::uint64_t total_ = 0;
};

}  // namespace ringway::loadtest
