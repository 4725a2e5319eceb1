#include "balance/hash_pick.h"

#include "balance/hash_mix.h"

namespace ringway::balance {
namespace {

constexpr int tries_max = 64;

}  // namespace

Choice HashPick::pick(const Request& request) const {
    const Maglev* maglev = std::get_if<Maglev>(&table_);
    const RingHash* ring = std::get_if<RingHash>(&table_);
    std::uint64_t key = request.key;
    for (int tries = 0; tries < tries_max; tries++) {
        const std::size_t backend = maglev != nullptr ? maglev->at(key) : ring->at(key);
        if (takes(request, backend, request.key)) return backend;
        key = mix(request.key, static_cast<std::uint64_t>(tries) + 1);
    }
    return {};
}

bool HashPick::takes(const Request& request, std::size_t backend, std::uint64_t key) {
    if (!request.open.has(backend)) return false;
    const Backend& known = request.set.backend(backend);
    const float factor = request.set.factor(backend);
    if (factor < 1 && unit(mix(key, known.identity)) >= static_cast<double>(factor)) return false;
    return has_room(request.bound, backend, known.weight, request.load);
}

}  // namespace ringway::balance
