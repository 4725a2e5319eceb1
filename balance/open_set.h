// Who may be picked at this moment: nobody against whom something speaks, nobody who was tried
// already for the same request, nobody who has had the part of the picks that slow start gives.
// A view over rows of the set and the caller's list, for the length of one pick; it is passed on by
// reference, and made looser step by step when nobody is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "balance/ramp.h"

namespace ringway::balance {

class OpenSet {
public:
    // `blocks[i]` is 0 when nothing speaks against backend i. `excluded` is short.
    OpenSet(std::span<const std::uint8_t> blocks, std::span<const std::uint32_t> excluded,
            const Ramp* ramp = nullptr)
        : blocks_(blocks), excluded_(excluded), ramp_(ramp) {}

    bool has(std::size_t backend) const {
        return (blocks_[backend] & heeded_) == 0 && (is_plain() || is_free(backend));
    }
    bool is_plain() const { return excluded_.empty() && ramp_ == nullptr; }
    std::size_t size() const { return blocks_.size(); }

    bool has_exclusion() const { return !excluded_.empty(); }
    bool has_ramp() const { return ramp_ != nullptr; }
    OpenSet without_ramp() const { return {blocks_, excluded_}; }
    // Of those tried, only the last one stays out.
    OpenSet excluding_last() const { return {blocks_, excluded_.last(1)}; }
    OpenSet without_exclusion() const { return {blocks_, {}}; }
    // Only these blocks count.
    OpenSet heeding(std::uint8_t blocks) const {
        OpenSet looser{blocks_, {}};
        looser.heeded_ = blocks;
        return looser;
    }

private:
    bool is_free(std::size_t backend) const;

    std::span<const std::uint8_t> blocks_;
    std::span<const std::uint32_t> excluded_;
    const Ramp* ramp_;
    std::uint8_t heeded_ = 0xff;
};

}  // namespace ringway::balance
