#include "config/slot.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "config/duration_text.h"
#include "config/size_text.h"

namespace ringway::config {
namespace {

template <class Number>
struct Range {
    Number min;
    Number max;
};

template <class Number>
bool contains(Range<Number> range, Number number) {
    return range.min <= number && number <= range.max;
}

template <class Slot>
bool takes_integer(const Slot& slot, const Node& node) {
    return node.kind == Node::Kind::integer &&
           contains<std::int64_t>({slot.min, slot.max}, node.integer);
}

// Absent when it is no size, or out of the slot's range.
template <class Slot>
std::optional<std::uint64_t> size_in(const Slot& slot, const Node& node) {
    std::optional<std::uint64_t> size;
    if (node.kind == Node::Kind::string) size = parse_size(node.text);
    if (takes_integer(slot, node)) size = static_cast<std::uint64_t>(node.integer);
    const Range<std::uint64_t> range{static_cast<std::uint64_t>(slot.min),
                                     static_cast<std::uint64_t>(slot.max)};
    return size && contains(range, *size) ? size : std::nullopt;
}

// As the file takes it: an integer where no unit fits.
std::string size_value(std::uint64_t size) {
    const std::string text = size_text(size);
    return text.back() >= '0' && text.back() <= '9' ? text : quoted(text);
}

}  // namespace

Stored DurationSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string) return {};
    const auto duration = parse_duration(node.text);
    if (!duration || !contains<core::Duration>({min, max}, *duration)) return {};
    place(scope) = *duration;
    return {.taken = true};
}

std::string DurationSlot::text(const Scope& scope) const {
    return quoted(duration_text(place(scope)));
}

std::string DurationSlot::range() const {
    return fmt::format("\"{}\" to \"{}\"", duration_text(min), duration_text(max));
}

Stored IntegerSlot::store(const Node& node, const Scope& scope) const {
    if (!takes_integer(*this, node)) return {};
    place(scope) = static_cast<std::uint32_t>(node.integer);
    return {.taken = true};
}

std::string IntegerSlot::text(const Scope& scope) const {
    return fmt::format("{}", place(scope));
}

std::string IntegerSlot::range() const {
    return fmt::format("{} to {}", min, max);
}

Stored AutoIntegerSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind == Node::Kind::string && node.text == "auto") {
        place(scope).reset();
        return {.taken = true};
    }
    if (!takes_integer(*this, node)) return {};
    place(scope) = static_cast<std::uint32_t>(node.integer);
    return {.taken = true};
}

std::string AutoIntegerSlot::text(const Scope& scope) const {
    const auto& number = place(scope);
    return number ? fmt::format("{}", *number) : quoted("auto");
}

std::string AutoIntegerSlot::range() const {
    return fmt::format("{} to {}", min, max);
}

Stored SizeSlot::store(const Node& node, const Scope& scope) const {
    const auto size = size_in(*this, node);
    if (!size) return {};
    place(scope) = static_cast<std::uint32_t>(*size);
    return {.taken = true};
}

std::string SizeSlot::text(const Scope& scope) const {
    return size_value(place(scope));
}

std::string SizeSlot::range() const {
    return fmt::format("{} to {}", size_value(min), size_value(max));
}

Stored LongSizeSlot::store(const Node& node, const Scope& scope) const {
    const auto size = size_in(*this, node);
    if (!size) return {};
    place(scope) = *size;
    return {.taken = true};
}

std::string LongSizeSlot::text(const Scope& scope) const {
    return size_value(place(scope));
}

std::string LongSizeSlot::range() const {
    return fmt::format("{} to {}", min, size_value(max));
}

Stored BooleanSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::boolean) return {};
    place(scope) = node.truth;
    return {.taken = true};
}

std::string BooleanSlot::text(const Scope& scope) const {
    return fmt::format("{}", place(scope));
}

Stored PercentSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string || !node.text.ends_with('%')) return {};
    double percent = 0;
    const char* end = node.text.data() + node.text.size() - 1;
    const auto parsed = std::from_chars(node.text.data(), end, percent, std::chars_format::fixed);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return {};
    if (!contains<double>({0, max}, percent)) return {};
    place(scope) = percent / 100;
    return {.taken = true};
}

std::string PercentSlot::text(const Scope& scope) const {
    return fmt::format("\"{:.6g}%\"", place(scope) * 100);
}

std::string PercentSlot::range() const {
    return fmt::format("\"0%\" to \"{:.6g}%\"", max);
}

Stored StatusesSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::array || node.children.size() > count_max) return {};
    std::vector<std::uint16_t> statuses;
    for (const Node& child : node.children) {
        if (!takes_integer(*this, child)) return {};
        statuses.push_back(static_cast<std::uint16_t>(child.integer));
    }
    place(scope) = std::move(statuses);
    return {.taken = true};
}

std::string StatusesSlot::text(const Scope& scope) const {
    return fmt::format("[{}]", fmt::join(place(scope), ", "));
}

std::string StatusesSlot::range() const {
    return fmt::format("up to {} of {} to {}", count_max, min, max);
}

Stored PrefixesSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::array || node.children.size() > count_max) return {};
    std::vector<core::AddressPrefix> prefixes;
    for (const Node& child : node.children) {
        if (child.kind != Node::Kind::string) return {};
        const auto prefix = core::AddressPrefix::parse(child.text);
        if (!prefix) return {.because = prefix.error().what};
        prefixes.push_back(*prefix);
    }
    place(scope) = std::move(prefixes);
    return {.taken = true};
}

std::string PrefixesSlot::text(const Scope& scope) const {
    std::vector<std::string> words;
    for (const core::AddressPrefix& prefix : place(scope)) words.push_back(quoted(prefix.text()));
    return fmt::format("[{}]", fmt::join(words, ", "));
}

std::string PrefixesSlot::range() const {
    return fmt::format(R"(up to {} such as "10.0.0.0/8", "2001:db8::/32", "::1" or "unix:")",
                       count_max);
}

Stored WordSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string) return {};
    const auto found = std::ranges::find(words, node.text);
    if (found == words.end()) return {};
    set(scope, static_cast<std::size_t>(found - words.begin()));
    return {.taken = true};
}

std::string WordSlot::text(const Scope& scope) const {
    return quoted(words[get(scope)]);
}

std::string WordSlot::range() const {
    std::string text;
    for (std::size_t i = 0; i < words.size(); i++) {
        text += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        text += quoted(words[i]);
    }
    return text;
}

Stored AddressSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string) return {};
    const auto address = core::Address::parse(node.text);
    if (!address) return {.because = address.error().what};
    if (!address->is_unix() && address->port() == 0) return {.because = "the port is 0"};
    place(scope) = *address;
    return {.taken = true};
}

std::string AddressSlot::text(const Scope& scope) const {
    return quoted(place(scope).text());
}

std::string AddressSlot::range() const {
    return R"(such as "10.0.0.1:8080", "[::1]:8080" or "unix:/run/app.sock")";
}

}  // namespace ringway::config
