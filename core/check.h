// CHECK ends the process when one of our own invariants is broken, in release builds too: a broken
// invariant on the request path means bytes may reach the wrong client, and a crash is cheaper.
// What a peer or an operator does wrong is never a CHECK; it is an Error (core/result.h).
// DCHECK is for the few places where a profile showed that a CHECK costs; it is off under NDEBUG.
#pragma once

namespace ringway::core {

// Writes "file:line: CHECK failed: condition" to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace ringway::core

#define CHECK(condition)                    \
    (static_cast<bool>(condition) ? void(0) \
                                  : ::ringway::core::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) (void(sizeof(static_cast<bool>(condition))))
#else
#define DCHECK(condition) CHECK(condition)
#endif
