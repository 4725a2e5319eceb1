#include "config/size_text.h"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace ringway::config {
namespace {

struct Unit {
    std::string_view name;
    unsigned shift;
};

// Largest first: printing takes the first that divides.
constexpr Unit units[] = {{"g", 30}, {"m", 20}, {"k", 10}, {"", 0}};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (number > std::numeric_limits<std::uint64_t>::max() >> unit.shift) break;
        return number << unit.shift;
    }
    return std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
    for (const Unit& unit : units) {
        const std::uint64_t size = std::uint64_t{1} << unit.shift;
        if (bytes >= size && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit.name);
    }
    return "0";
}

}  // namespace ringway::config
