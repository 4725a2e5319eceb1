// A Completion is the answer slot of one operation, embedded in whoever waits for it. Its address
// is what the kernel gives back, so it neither moves nor dies while an operation is in flight: the
// destructor CHECKs that. `Op<Owner>` binds one to a member function at compile time:
//
//     io.receive(receive_.then<&Stream::on_received>(), fd, group);
//
// One Op per kind of operation and owner; an owner that wants two receives has two Ops.
// An operation is in flight from the call that starts it until the outcome whose `more` is false
// has been delivered (accepts and receives that stand have many outcomes, everything else has one).
#pragma once

#include <cstdint>

#include "core/check.h"

namespace ringway::core {

// What became of an operation: small enough to travel in a register.
struct Outcome {
    static constexpr std::uint16_t no_buffer = 0xffff;

    std::int32_t result = 0;           // Bytes, a descriptor, 0, or a negated errno.
    std::uint16_t buffer = no_buffer;  // The pool buffer a receive took, whatever `result` says.
    bool more = false;                 // Multishot: further outcomes will follow.
    bool socket_nonempty = false;      // The receive left bytes behind in the socket.
};

class Completion {
public:
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    bool in_flight() const { return in_flight_; }

    // For engines only.
    void started() {
        CHECK(!in_flight_);
        in_flight_ = true;
    }
    // The owner may be destroyed by the handler: nothing is touched after it.
    void completed(Outcome outcome) {
        DCHECK(in_flight_);
        in_flight_ = outcome.more;
        done_(*this, outcome);
    }

protected:
    Completion() = default;
    ~Completion() { CHECK(!in_flight_); }

    void (*done_)(Completion&, Outcome) noexcept = nullptr;

public:
    // What the engine wants to remember of the operation in flight. Here, where it shares a word
    // with `in_flight_`: there are several completions in every connection.
    std::uint8_t note = 0;
    std::uint16_t heard_in = 0;  // The tick of its last outcome, modulo 2^16, where that matters.

private:
    bool in_flight_ = false;
};

template <class Owner>
class Op final : public Completion {
public:
    explicit Op(Owner& owner) : owner_(owner) {}

    template <void (Owner::*Done)(Outcome) noexcept>
    Op& then() {
        done_ = [](Completion& completion, Outcome outcome) noexcept {
            (static_cast<Op&>(completion).owner_.*Done)(outcome);
        };
        return *this;
    }

private:
    Owner& owner_;
};

}  // namespace ringway::core
