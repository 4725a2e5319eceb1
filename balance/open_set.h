// Who may be picked at this moment: nobody who is blocked, and nobody who was tried already for the
// same request. A view over the set's rows and the caller's list, for the length of one pick.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ringway::balance {

class OpenSet {
public:
    // `blocks[i]` is 0 when nothing speaks against backend i. `excluded` is short.
    OpenSet(std::span<const std::uint8_t> blocks, std::span<const std::uint32_t> excluded)
        : blocks_(blocks), excluded_(excluded) {}

    bool has(std::size_t backend) const {
        return blocks_[backend] == 0 && (excluded_.empty() || !is_excluded(backend));
    }
    bool excludes_any() const { return !excluded_.empty(); }
    OpenSet without_exclusion() const { return {blocks_, {}}; }
    std::size_t size() const { return blocks_.size(); }

private:
    bool is_excluded(std::size_t backend) const {
        return std::ranges::find(excluded_, backend) != excluded_.end();
    }

    std::span<const std::uint8_t> blocks_;
    std::span<const std::uint32_t> excluded_;
};

}  // namespace ringway::balance
