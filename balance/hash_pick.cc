#include "balance/hash_pick.h"

#include "balance/hash_mix.h"

namespace ringway::balance {
namespace {

constexpr std::uint64_t tries_max = 64;

[[gnu::always_inline]] inline bool takes(const HashPick::Request& request, std::size_t backend) {
    if (!request.open.has(backend)) return false;
    const Backend& known = request.set.backend(backend);
    const float factor = request.set.factor(backend);
    if (factor < 1 && unit(mix(request.key, known.identity)) >= static_cast<double>(factor)) {
        return false;
    }
    return has_room(request.bound, backend, known.weight, request.load);
}

// Where load is bounded a try fails often, and at random: the next one is looked up beside it, so
// that memory is not waited for once more when a processor has guessed wrong.
template <class Table>
Choice pick_from(const Table& table, const HashPick::Request& request) {
    const bool looks_ahead = request.bound.factor > 0;
    std::size_t backend = table.at(request.key);
    for (std::uint64_t tries = 1; tries <= tries_max; tries++) {
        const std::uint64_t key = mix(request.key, tries);
        const std::size_t ahead = looks_ahead ? table.at(key) : backend;
        if (takes(request, backend)) return backend;
        backend = looks_ahead ? ahead : table.at(key);
    }
    return {};
}

}  // namespace

Choice HashPick::pick(const Request& request) const {
    if (const Maglev* maglev = std::get_if<Maglev>(&table_)) return pick_from(*maglev, request);
    return pick_from(std::get<RingHash>(table_), request);
}

}  // namespace ringway::balance
