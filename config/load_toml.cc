#include "config/load_toml.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <string>
#include <toml.hpp>

#include "config/text_check.h"
#include "config/text_position.h"

namespace ringway::config {
namespace {

// Reads toml11's tree. `text` is what the library parsed, so its regions are offsets into it.
class TreeReader {
public:
    explicit TreeReader(std::string_view text) : text_(text), positions_(text) {}

    Node read(const toml::value& value, std::string name) const;

private:
    struct Region {
        std::size_t begin = 0;
        std::size_t size = 0;
    };

    static Region region_of(const toml::value& value);
    void read_value(const toml::value& value, Node& node) const;

    std::string_view text_;
    TextPosition positions_;
};

// value.location() would do, but it counts lines from the start of the file and copies the line
// every time, which makes a file with many values quadratic.
TreeReader::Region TreeReader::region_of(const toml::value& value) {
    const auto* region = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(value));
    if (region == nullptr) return {};
    return {.begin = static_cast<std::size_t>(region->first() - region->begin()),
            .size = region->size()};
}

Node TreeReader::read(const toml::value& value, std::string name) const {
    const Region region = region_of(value);
    Node node;
    node.name = std::move(name);
    node.at = positions_.at(region.begin);
    node.key_at = positions_.at(positions_.key_before(region.begin));
    node.text = text_.substr(std::min(region.begin, text_.size()), region.size);
    read_value(value, node);
    return node;
}

void TreeReader::read_value(const toml::value& value, Node& node) const {
    switch (value.type()) {
        case toml::value_t::boolean:
            node.kind = Node::Kind::boolean;
            node.truth = value.as_boolean();
            break;
        case toml::value_t::integer:
            node.kind = Node::Kind::integer;
            node.integer = value.as_integer();
            break;
        case toml::value_t::floating:
            node.kind = Node::Kind::real;
            break;
        case toml::value_t::string:
            node.kind = Node::Kind::string;
            node.text = value.as_string().str;
            break;
        case toml::value_t::empty:
        case toml::value_t::offset_datetime:
        case toml::value_t::local_datetime:
        case toml::value_t::local_date:
        case toml::value_t::local_time:
            node.kind = Node::Kind::date;
            break;
        case toml::value_t::array:
            node.kind = Node::Kind::array;
            for (const auto& element : value.as_array()) node.children.push_back(read(element, ""));
            break;
        case toml::value_t::table:
            node.kind = Node::Kind::table;
            for (const auto& [key, child] : value.as_table()) {
                node.children.push_back(read(child, key));
            }
            // The library keeps tables in hash order.
            std::ranges::sort(node.children, {}, [](const Node& child) {
                return std::pair(child.key_at, std::string_view(child.name));
            });
            break;
    }
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// "[error] toml::parse_array: missing separator" -> "missing separator".
std::string_view headline(std::string_view line) {
    line = without_prefix(line, "[error] ");
    if (line.starts_with("toml::")) {
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos) line.remove_prefix(colon + 2);
    }
    return line;
}

std::string_view without_dots(std::string_view text) {
    while (text.ends_with('.')) text.remove_suffix(1);
    return text;
}

// The library's message is a picture: a headline, then " 12 | <the line>" and below it
// "    |     ^--- what" with the mark under the place; the last such pair is where it went wrong.
// The exception's own location is that of the whole statement, so the picture is what we read.
Problem problem_from(std::string_view what, Position otherwise) {
    Problem problem{.at = otherwise, .text = {}};
    std::string_view comment;
    const std::string_view first = what.substr(0, what.find('\n'));
    std::uint32_t line_number = 0;
    while (!what.empty()) {
        const std::string_view line = what.substr(0, what.find('\n'));
        what.remove_prefix(std::min(line.size() + 1, what.size()));
        const std::size_t bar = line.find(" | ");
        if (bar == std::string_view::npos) continue;
        const std::size_t mark = line.find_first_not_of(' ', bar + 3);
        const std::size_t digits = std::min(line.find_first_not_of(' '), bar);
        std::uint32_t number = 0;
        if (std::from_chars(line.data() + digits, line.data() + bar, number).ec == std::errc{}) {
            line_number = number;
        } else if (line_number != 0 && digits == bar && mark != std::string_view::npos) {
            problem.at = {.line = line_number,
                          .column = static_cast<std::uint32_t>(mark - bar - 2)};
            comment = without_prefix(line.substr(mark), "^---");
            comment.remove_prefix(std::min(comment.find_first_not_of("~ "), comment.size()));
        }
    }
    const bool says_more = !comment.empty() && comment != "here";
    problem.text = fmt::format("not TOML: {}{}{}", without_dots(headline(first)),
                               says_more ? ": " : "", says_more ? without_dots(comment) : "");
    if (problem.text.ends_with("unknown value appeared")) problem.text += "; text is put in quotes";
    return problem;
}

Position position_of(const toml::exception& error) {
    return {.line = error.location().line(), .column = error.location().column()};
}

std::optional<Problem> refused_unseen(std::string_view text) {
    if (text.size() > text_bytes_max) {
        return Problem{
            {}, fmt::format("the file has {} bytes; at most {}", text.size(), text_bytes_max)};
    }
    if (const std::size_t at = first_bad_byte(text); at != std::string_view::npos) {
        return Problem{TextPosition(text).at(at),
                       fmt::format("not TOML: the byte 0x{:02x} is no character",
                                   static_cast<unsigned char>(text[at]))};
    }
    if (const std::size_t at = first_long_line(text, line_bytes_max);
        at != std::string_view::npos) {
        return Problem{
            TextPosition(text).at(at),
            fmt::format("the line is longer than {} bytes; give each element of an array "
                        "a line of its own",
                        line_bytes_max)};
    }
    if (nesting_depth(text) > nesting_max) {
        return Problem{{}, fmt::format("arrays and tables nest deeper than {}", nesting_max)};
    }
    return std::nullopt;
}

}  // namespace

std::expected<Node, Problem> load_toml(std::string_view text) {
    // The library would skip a byte order mark too, but count it as three columns.
    text = without_prefix(text, "\xef\xbb\xbf");
    if (auto problem = refused_unseen(text)) return std::unexpected(std::move(*problem));
    try {
        std::istringstream stream{std::string(text)};
        const toml::value root = toml::parse(stream, "");
        return TreeReader(text).read(root, "");
    } catch (const toml::exception& error) {
        return std::unexpected(problem_from(error.what(), position_of(error)));
    } catch (const std::exception& error) {
        return std::unexpected(problem_from(error.what(), {}));
    }
}

}  // namespace ringway::config
