#include "config/reference.h"

#include <fmt/core.h>

#include "config/keys.h"

namespace ringway::config {
namespace {

// A backslash, a dash and, at the start of a line, a dot mean something to roff; no line of ours
// starts with a dot of the text.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

std::string tsv_row(const Key& key) {
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", key.path, type_text(key), default_text(key),
                       range_text(key), key.is_required() ? "required" : "optional", key.help);
}

std::string markdown_row(const Key& key) {
    const std::string standard = default_text(key);
    const std::string shown = key.is_required()  ? "required"
                              : standard.empty() ? ""
                                                 : fmt::format("`{}`", standard);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.path, type_text(key), shown,
                       range_text(key), key.help);
}

// A table has a heading; what stands in it follows as tagged paragraphs.
std::string man_entry(const Key& key) {
    if (!std::holds_alternative<ValueSlot>(key.slot)) {
        return fmt::format(".SS {}\n{}\n", roff(table_text(key.inner_table())), roff(key.help));
    }
    const std::string standard = default_text(key);
    std::string facts = fmt::format("{}, {}", type_text(key), range_text(key));
    if (key.is_required()) facts += "; required";
    if (!standard.empty()) facts += fmt::format("; default {}", standard);
    return fmt::format(".TP\n.B {}\n{}\n({}.)\n", roff(key.name()), roff(key.help), roff(facts));
}

}  // namespace

std::optional<ReferenceFormat> reference_format(std::string_view name) {
    if (name == "tsv") return ReferenceFormat::tsv;
    if (name == "man") return ReferenceFormat::man;
    if (name == "markdown") return ReferenceFormat::markdown;
    return std::nullopt;
}

std::string reference(ReferenceFormat format) {
    std::string out;
    switch (format) {
        case ReferenceFormat::tsv:
            for (const Key& key : all_keys()) out += tsv_row(key);
            break;
        case ReferenceFormat::man:
            for (const Key& key : all_keys()) out += man_entry(key);
            break;
        case ReferenceFormat::markdown:
            out = "| key | type | default | takes | what it is |\n|---|---|---|---|---|\n";
            for (const Key& key : all_keys()) out += markdown_row(key);
            break;
    }
    return out;
}

}  // namespace ringway::config
