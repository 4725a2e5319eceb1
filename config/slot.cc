#include "config/slot.h"

#include <fmt/core.h>

#include <algorithm>

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

bool is_name(std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
    return !text.empty() && text.size() <= NameSlot::bytes_max &&
           std::ranges::all_of(text, allowed);
}

std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}

// As the file takes it: an integer where no unit fits.
std::string size_value(std::uint32_t size) {
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
    std::optional<std::uint64_t> size;
    if (node.kind == Node::Kind::string) size = parse_size(node.text);
    if (takes_integer(*this, node)) size = static_cast<std::uint64_t>(node.integer);
    if (!size || !contains<std::uint64_t>({min, max}, *size)) return {};
    place(scope) = static_cast<std::uint32_t>(*size);
    return {.taken = true};
}

std::string SizeSlot::text(const Scope& scope) const {
    return size_value(place(scope));
}

std::string SizeSlot::range() const {
    return fmt::format("{} to {}", size_value(min), size_value(max));
}

Stored BooleanSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::boolean) return {};
    place(scope) = node.truth;
    return {.taken = true};
}

std::string BooleanSlot::text(const Scope& scope) const {
    return fmt::format("{}", place(scope));
}

Stored NameSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string || !is_name(node.text)) return {};
    place(scope) = node.text;
    return {.taken = true};
}

std::string NameSlot::text(const Scope& scope) const {
    return quoted(place(scope));
}

std::string NameSlot::range() const {
    return fmt::format("1 to {} visible ASCII characters, without quotes", bytes_max);
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
