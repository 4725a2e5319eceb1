#include "config/text_slot.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ringway::config {
namespace {

bool is_name(std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
    return !text.empty() && text.size() <= NameSlot::bytes_max &&
           std::ranges::all_of(text, allowed);
}

bool is_protocol(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~/").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= NameSlot::bytes_max &&
           std::ranges::all_of(text, allowed);
}

}  // namespace

std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}

Stored ProtocolsSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::array || node.children.size() > count_max) return {};
    std::vector<std::string> protocols;
    for (const Node& child : node.children) {
        if (child.kind != Node::Kind::string || !is_protocol(child.text)) return {};
        protocols.push_back(child.text);
    }
    place(scope) = std::move(protocols);
    return {.taken = true};
}

std::string ProtocolsSlot::text(const Scope& scope) const {
    std::vector<std::string> words;
    for (const std::string& protocol : place(scope)) words.push_back(quoted(protocol));
    return fmt::format("[{}]", fmt::join(words, ", "));
}

std::string ProtocolsSlot::range() const {
    return fmt::format(R"(up to {} such as "TLS/1.0")", count_max);
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

Stored FileSlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string || node.text.empty()) return {};
    const auto is_odd = [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '"' || c == '\\';
    };
    if (node.text.size() > bytes_max || std::ranges::any_of(node.text, is_odd)) return {};
    place(scope) = node.text;
    return {.taken = true};
}

std::string FileSlot::text(const Scope& scope) const {
    return quoted(place(scope));
}

std::string FileSlot::range() const {
    return fmt::format("{}, or a path without quotes and control characters", words);
}

Stored TextSlot::store(const Node& node, const Scope& scope) const {
    const auto is_odd = [](char c) {
        return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == ';' || c == ',';
    };
    if (node.kind != Node::Kind::string || node.text.empty()) return {};
    if (node.text.size() > bytes_max || std::ranges::any_of(node.text, is_odd)) return {};
    place(scope) = node.text == none ? "" : node.text;
    return {.taken = true};
}

std::string TextSlot::text(const Scope& scope) const {
    return quoted(place(scope).empty() ? none : place(scope));
}

std::string TextSlot::range() const {
    return fmt::format("\"{}\", or 1 to {} visible ASCII characters without quotes, ; and ,", none,
                       bytes_max);
}

Stored KeySlot::store(const Node& node, const Scope& scope) const {
    if (node.kind != Node::Kind::string) return {};
    auto key = http::RequestKey::parse(node.text);
    if (!key) return {};
    place(scope) = std::move(*key);
    return {.taken = true};
}

std::string KeySlot::text(const Scope& scope) const {
    return quoted(place(scope).text());
}

std::string KeySlot::range() const {
    return fmt::format(
        "up to {} of client, host, path, header:NAME, cookie:NAME and query:NAME, joined by \"+\"",
        http::RequestKey::parts_max);
}

}  // namespace ringway::config
