// The house's only source of chance: xoshiro256++ seeded through splitmix64 (Blackman and Vigna,
// public domain). Small, fast, not for secrets. It is passed to whoever draws, never global, so a
// run is repeated from its seed. One owner, one thread; copying one copies its future.
// Satisfies UniformRandomBitGenerator, but the standard's distributions differ between libraries:
// draw with `uniform`, `chance` and `real`, whose results are golden.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "core/check.h"

namespace ringway::core {

class Prng {
public:
    using result_type = std::uint64_t;
    using State = std::array<std::uint64_t, 4>;

    explicit Prng(std::uint64_t seed) {
        for (std::uint64_t& word : state_) word = splitmix(seed);
    }
    // REQUIRES: not all zero.
    explicit Prng(const State& state) : state_(state) {
        CHECK((state[0] | state[1] | state[2] | state[3]) != 0);
    }

    // The next number of the splitmix64 sequence that `seed` stands at. Also a way to derive
    // independent seeds (one per shard, one per fault) from one.
    static constexpr std::uint64_t splitmix(std::uint64_t& seed) {
        std::uint64_t z = seed += 0x9e37'79b9'7f4a'7c15;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
    result_type operator()() {
        const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // One of 0 .. bound-1, each equally likely (Lemire's method: no division but once in a blue
    // moon). REQUIRES: bound > 0.
    std::uint64_t uniform(std::uint64_t bound) {
        DCHECK(bound > 0);
        Wide product = Wide{(*this)()} * bound;
        if (static_cast<std::uint64_t>(product) < bound) {
            const std::uint64_t unfair = (0 - bound) % bound;
            while (static_cast<std::uint64_t>(product) < unfair) product = Wide{(*this)()} * bound;
        }
        return static_cast<std::uint64_t>(product >> 64);
    }

    // At least 0, less than 1, in steps of 2^-53.
    double real() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
    // True with the given probability; always draws once, so that changing a probability leaves
    // the rest of the sequence alone.
    bool chance(double probability) { return real() < probability; }

private:
    __extension__ using Wide = unsigned __int128;

    State state_{};
};

}  // namespace ringway::core
