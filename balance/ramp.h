// Lets backends that are being started slowly have their part of the picks and no more, whatever
// algorithm picks. An algorithm that compares loads would give a fresh, idle backend everything,
// and a small weight would give it nothing while there is little load; so such a backend is given
// an allowance that grows with every pick of the group, and is passed over while it has none.
//
// The part is factor × weight over the group's weight in force. Factors are relative to the
// largest: when all start at once, nobody is held back. Set once a tick at most; one owner, one
// thread. A pick costs nothing when nobody is starting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::balance {

class Ramp {
public:
    explicit Ramp(std::size_t backends) : allowances_(backends) {}

    // Weights and factors by backend; a weight of 0 is no member.
    void set(std::span<const float> weights, std::span<const float> factors);

    bool is_active() const { return is_active_; }
    bool may(std::size_t i) const { return allowances_[i].part < 0 || available(i) >= 1; }
    // A pick of the group was made.
    void picked(std::size_t i) {
        picks_++;
        if (allowances_[i].part < 0) return;
        allowances_[i].amount = available(i) - 1;
        allowances_[i].counted = picks_;
    }

private:
    // Some are kept, so that what chance did not give for a while is not lost; not so many that a
    // backend that could not be picked for long is flooded.
    static constexpr double amount_max = 16;

    struct Allowance {
        double part = -1;  // Of the picks; below 0: not held back.
        double amount = 0;
        std::uint64_t counted = 0;  // The pick up to which `amount` is right.
    };

    double available(std::size_t i) const;

    std::vector<Allowance> allowances_;
    std::uint64_t picks_ = 0;
    bool is_active_ = false;
};

}  // namespace ringway::balance
