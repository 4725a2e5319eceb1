// A set of small numbers that answers "the first one from here on" without looking at each: a bit
// per number, and above every 64 words of them a bit per word. Three levels hold 262,144 numbers.
// One owner, one thread; nothing allocates after construction.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringway::balance {

class IndexBits {
public:
    explicit IndexBits(std::size_t size) {
        for (std::vector<std::uint64_t>& level : levels_) {
            size = (size + 63) / 64;
            level.resize(size);
        }
    }

    void insert(std::size_t i) {
        for (std::vector<std::uint64_t>& level : levels_) {
            level[i / 64] |= std::uint64_t{1} << (i % 64);
            i /= 64;
        }
    }
    void erase(std::size_t i) {
        for (std::vector<std::uint64_t>& level : levels_) {
            level[i / 64] &= ~(std::uint64_t{1} << (i % 64));
            if (level[i / 64] != 0) return;
            i /= 64;
        }
    }

    // The smallest number in the set that is not below `from`.
    std::optional<std::size_t> next(std::size_t from) const {
        std::size_t level = 0;
        while (level < levels_.size()) {
            const std::size_t word = from / 64;
            if (word >= levels_[level].size()) return {};
            const std::uint64_t rest = levels_[level][word] >> (from % 64);
            if (rest != 0)
                return down(level, from + static_cast<std::size_t>(std::countr_zero(rest)));
            from = word + 1;
            level++;
        }
        return {};
    }

private:
    std::size_t down(std::size_t level, std::size_t i) const {
        while (level > 0) {
            level--;
            i = i * 64 + static_cast<std::size_t>(std::countr_zero(levels_[level][i]));
        }
        return i;
    }

    std::array<std::vector<std::uint64_t>, 3> levels_;
};

}  // namespace ringway::balance
