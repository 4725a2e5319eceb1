#include "loadtest/load/request_mix.h"

namespace ringway::loadtest {

RequestMix::RequestMix(const std::vector<LoadRequest>& requests) : requests_(requests) {
    for (const LoadRequest& request : requests_) weights_ += request.weight;
}

const LoadRequest& RequestMix::draw(core::Prng& prng) const {
    if (!is_mixed()) return requests_.front();
    double left = prng.real() * weights_;
    for (const LoadRequest& request : requests_) {
        left -= request.weight;
        if (left < 0) return request;
    }
    return requests_.back();
}

}  // namespace ringway::loadtest
