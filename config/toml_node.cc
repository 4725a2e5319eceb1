#include "config/toml_node.h"

#include <fmt/core.h>

namespace ringway::config {
namespace {

constexpr std::size_t quoted_max = 60;

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, quoted_max)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        out +=
            control ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    if (text.size() > quoted_max) out += "...";
    return out;
}

std::string found_text(const Node& node) {
    switch (node.kind) {
        case Node::Kind::boolean:
            return fmt::format("the boolean {}", node.truth);
        case Node::Kind::integer:
            return fmt::format("the integer {}", printable(node.text));
        case Node::Kind::real:
            return fmt::format("the real number {}", printable(node.text));
        case Node::Kind::string:
            return fmt::format("the string \"{}\"", printable(node.text));
        case Node::Kind::date:
            return fmt::format("the date or time {}", printable(node.text));
        case Node::Kind::array:
            return "an array";
        case Node::Kind::table:
            return "a table";
    }
    return "";
}

}  // namespace ringway::config
