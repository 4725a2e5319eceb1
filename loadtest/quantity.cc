#include "loadtest/quantity.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>

namespace ringway::loadtest {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t size;
};

// The longest first, so that text_of finds the largest that divides.
constexpr std::array<Unit, 6> time_units{{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};
constexpr std::array<Unit, 4> size_units{{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}}};

// The number at the start of `text`, which is cut off.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return true;
}

template <std::size_t Count>
std::int64_t size_of_unit(const std::array<Unit, Count>& units, std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) return unit.size;
    }
    return 0;
}

}  // namespace

bool read_quantity(std::string_view text, bool& truth) {
    const bool yes = text == "yes" || text == "true" || text == "on" || text == "1";
    const bool no = text == "no" || text == "false" || text == "off" || text == "0";
    if (yes || no) truth = yes;
    return yes || no;
}

bool read_quantity(std::string_view text, std::uint32_t& count) {
    std::uint32_t read = 0;
    if (!take_number(text, read) || !text.empty()) return false;
    count = read;
    return true;
}

bool read_quantity(std::string_view text, std::uint64_t& bytes) {
    std::uint64_t number = 0;
    if (!take_number(text, number)) return false;
    const auto unit = static_cast<std::uint64_t>(size_of_unit(size_units, text));
    if (unit == 0 || number > (std::uint64_t{1} << 50) / unit) return false;
    bytes = number * unit;
    return true;
}

bool read_quantity(std::string_view text, double& number) {
    double read = 0;
    if (!take_number(text, read) || !text.empty()) return false;
    if (!std::isfinite(read) || read < 0) return false;
    number = read;
    return true;
}

bool read_quantity(std::string_view text, core::Duration& time) {
    if (text == "0" || text == "never") {
        time = text == "0" ? core::Duration{0} : never;
        return true;
    }
    double number = 0;
    if (!take_number(text, number) || !(number >= 0)) return false;
    const double nanoseconds = number * static_cast<double>(size_of_unit(time_units, text));
    if (size_of_unit(time_units, text) == 0) return false;
    if (nanoseconds > static_cast<double>(never.count())) return false;
    time = core::Duration{std::llround(nanoseconds)};
    return true;
}

std::string text_of(bool truth) {
    return truth ? "yes" : "no";
}
std::string text_of(std::uint32_t count) {
    return fmt::format("{}", count);
}
std::string text_of(double number) {
    return fmt::format("{}", number);
}

std::string text_of(std::uint64_t bytes) {
    for (const Unit& unit : size_units) {
        const auto size = static_cast<std::uint64_t>(unit.size);
        if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit.name);
    }
    return "0";
}

std::string text_of(core::Duration time) {
    if (time == never) return "never";
    for (const Unit& unit : time_units) {
        if (time.count() != 0 && time.count() % unit.size == 0) {
            return fmt::format("{}{}", time.count() / unit.size, unit.name);
        }
    }
    return "0";
}

std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view before = text.substr(0, at);
    text.remove_prefix(at == text.npos ? text.size() : at + 1);
    return before;
}

}  // namespace ringway::loadtest
