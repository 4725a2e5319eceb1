#include "balance/maglev.h"

#include <algorithm>
#include <limits>

#include "balance/hash_mix.h"
#include "core/check.h"

namespace ringway::balance {
namespace {

constexpr std::uint16_t nobody = std::numeric_limits<std::uint16_t>::max();

bool is_prime(std::uint32_t number) {
    if (number < 2) return false;
    for (std::uint64_t divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) return false;
    }
    return true;
}

std::uint32_t next_prime(std::uint32_t number) {
    while (!is_prime(number)) number++;
    return number;
}

// A backend's own order of the cells: offset, offset + skip, … modulo a prime visits each once.
struct Walk {
    std::uint64_t position;
    std::uint64_t skip;
    double turns;  // Taken, and how many are due per round.
    double per_round;
};

}  // namespace

Maglev::Maglev(std::span<const HashMember> members, std::uint32_t size)
    : cells_(next_prime(size), nobody) {
    CHECK(!members.empty() && members.size() < nobody && members.size() < cells_.size());
    std::vector<HashMember> ranked(members.begin(), members.end());
    std::ranges::sort(ranked, {}, &HashMember::identity);
    for (const HashMember& member : ranked) backends_.push_back(member.backend);
    fill(ranked);
}

void Maglev::fill(std::span<const HashMember> members) {
    float heaviest = 0;
    for (const HashMember& member : members) heaviest = std::max(heaviest, member.weight);
    std::vector<Walk> walks;
    for (const HashMember& member : members) {
        CHECK(member.weight > 0);
        walks.push_back({.position = mix(member.identity, 1) % cells_.size(),
                         .skip = mix(member.identity, 2) % (cells_.size() - 1) + 1,
                         .turns = 0,
                         .per_round = static_cast<double>(member.weight) / heaviest});
    }
    std::size_t left = cells_.size();
    while (left > 0) {
        for (std::size_t rank = 0; rank < walks.size() && left > 0; rank++) {
            Walk& walk = walks[rank];
            walk.turns += walk.per_round;
            if (walk.turns < 1) continue;
            walk.turns -= 1;
            while (cells_[walk.position] != nobody) {
                walk.position = (walk.position + walk.skip) % cells_.size();
            }
            cells_[walk.position] = static_cast<std::uint16_t>(rank);
            left--;
        }
    }
}

}  // namespace ringway::balance
