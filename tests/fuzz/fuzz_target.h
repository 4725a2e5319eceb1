// A fuzz target is one function from bytes to nothing that must not crash, whatever the bytes are.
// A file h1_request_fuzz.cc writes it once with FUZZ_TARGET(h1_request) and it runs in two places:
// under libFuzzer, which invents bytes, and in fuzz_tests, which replays every file of
// tests/fuzz/corpus/h1_request/ with any compiler. A target states its property with CHECK, so that
// a violation ends the process in both. Targets register themselves before main and are never
// removed; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ringway::fuzz {

struct FuzzTarget {
    std::string_view name;
    void (*run_one)(std::span<const std::uint8_t> bytes);
};

// Every target linked into this program.
std::vector<FuzzTarget>& fuzz_targets();

struct FuzzRegistration {
    explicit FuzzRegistration(FuzzTarget target) { fuzz_targets().push_back(target); }
};

}  // namespace ringway::fuzz

// FUZZ_TARGET(h1_request) { ... uses `bytes` ... }
#define FUZZ_TARGET(name)                                                                        \
    static void run_one_##name(std::span<const std::uint8_t> bytes);                             \
    static const ::ringway::fuzz::FuzzRegistration registration_##name({#name, run_one_##name}); \
    static void run_one_##name(std::span<const std::uint8_t> bytes)
