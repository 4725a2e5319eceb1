// Whom an algorithm picked: a backend by its index in the group, or nobody. What std::optional
// says, in one register: an optional of a number comes back in two halves that are stored apart and
// read together, which costs more than drawing the backend did (12 of 40 ns where it was measured).
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>

#include "core/check.h"

namespace ringway::balance {

class Choice {
public:
    Choice() = default;  // Nobody.
    Choice(std::size_t backend) : backend_(static_cast<std::uint32_t>(backend)) {}

    bool has_value() const { return backend_ != nobody; }
    explicit operator bool() const { return has_value(); }
    // REQUIRES: somebody was picked.
    std::size_t operator*() const { return backend_; }
    std::size_t value() const {
        CHECK(has_value());
        return backend_;
    }
    bool operator==(const Choice&) const = default;

    friend std::ostream& operator<<(std::ostream& out, const Choice& choice) {
        if (!choice) return out << "nobody";
        return out << choice.backend_;
    }

private:
    static constexpr std::uint32_t nobody = 0xffff'ffff;
    std::uint32_t backend_ = nobody;
};

}  // namespace ringway::balance
