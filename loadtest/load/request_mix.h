// The kinds of requests that a load consists of, drawn by their weights: a kind of weight 8 beside
// one of weight 1 is asked for in eight of nine cases, in no order. Where there is one kind only
// nothing is drawn, and nothing is counted by kind.
// Looks at the requests of the options, which outlive it. One per generator, whose chance it uses.
#pragma once

#include <cstddef>
#include <vector>

#include "core/prng.h"
#include "loadtest/load/request.h"

namespace ringway::loadtest {

class RequestMix {
public:
    explicit RequestMix(const std::vector<LoadRequest>& requests);

    const LoadRequest& draw(core::Prng& prng) const;
    bool is_mixed() const { return requests_.size() > 1; }
    // REQUIRES: one of them.
    std::size_t index_of(const LoadRequest& request) const {
        return static_cast<std::size_t>(&request - requests_.data());
    }

private:
    const std::vector<LoadRequest>& requests_;
    double weights_ = 0;
};

}  // namespace ringway::loadtest
