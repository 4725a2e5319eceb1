#include "config/duration_text.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <limits>

namespace ringway::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

// Largest first: printing takes the first that divides.
constexpr Unit units[] = {
    {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000},
    {"ms", 1'000'000},        {"us", 1'000},         {"ns", 1},
};

}  // namespace

std::optional<core::Duration> parse_duration(std::string_view text) {
    if (text.empty() || text.front() == '-') return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / unit.nanoseconds) break;
        return core::Duration(number * unit.nanoseconds);
    }
    return std::nullopt;
}

std::string duration_text(core::Duration duration) {
    if (duration.count() == 0) return "0s";
    for (const Unit& unit : units) {
        if (duration.count() % unit.nanoseconds == 0) {
            return fmt::format("{}{}", duration.count() / unit.nanoseconds, unit.name);
        }
    }
    return "";  // Not reached: every count is divisible by one nanosecond.
}

}  // namespace ringway::config
