// Why a request that a backend failed was not tried again: the word of the access log for whoever
// asks why a client had to see a failure. README.md, "Access log", explains them.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::http {

enum class NotRetried : std::uint8_t {
    none,            // It did not fail, or was tried again.
    answer_began,    // Its client has a part of the answer.
    kind,            // Such a failure is never tried again: it would come again, or take too long.
    not_idempotent,  // A backend may have acted on it, and it must not be done twice.
    body_sent,       // Some of its body has left, and was not kept.
    attempts,        // All that `retry.attempts` allows were made.
    budget,          // `retry.budget` was spent.
};

constexpr std::string_view name_of(NotRetried why) noexcept {
    switch (why) {
        case NotRetried::none:
            return "";
        case NotRetried::answer_began:
            return "answer_began";
        case NotRetried::kind:
            return "kind";
        case NotRetried::not_idempotent:
            return "not_idempotent";
        case NotRetried::body_sent:
            return "body_sent";
        case NotRetried::attempts:
            return "attempts";
        case NotRetried::budget:
            return "budget";
    }
    return "unknown";
}

}  // namespace ringway::http
