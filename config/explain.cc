#include "config/explain.h"

#include <fmt/core.h>

#include "config/keys.h"

namespace ringway::config {
namespace {

// Notes are aligned here; longer settings push theirs out.
constexpr std::size_t note_column = 44;

// Where in the key table and in the Config the printing stands. `dotted` is what goes before the
// names of keys: tables within a table are written as "timeout.connect = ...".
struct Place {
    std::string schema;
    std::string path;
    std::string dotted;
    Scope scope;
};

class Printer {
public:
    // Slots lead to what may be written to, so the printer has a Config of its own.
    explicit Printer(const Loaded& loaded) : config_(loaded.config), origins_(loaded.origins) {}

    std::string print();

private:
    void print_header(const Key& key);
    void print_keys(const Place& place);
    void print_key(const Key& key, const Place& place);
    void print_list(const Key& key, const Place& place);
    void add_line(std::string_view setting, std::string_view path);
    std::string note(std::string_view path) const;

    Config config_;
    const Origins& origins_;
    std::string out_;
};

std::string value_text(const Key& key, const Scope& scope) {
    return std::visit([&](const auto& slot) { return slot.text(scope); },
                      std::get<ValueSlot>(key.slot));
}

// An element of a list within a table: "{ address = "10.0.0.1:8080", weight = 3 }".
std::string inline_table(std::string_view schema, const Scope& scope) {
    std::string text;
    for (const Key& key : all_keys()) {
        if (key.table() != schema || !std::holds_alternative<ValueSlot>(key.slot)) continue;
        text +=
            fmt::format("{}{} = {}", text.empty() ? "" : ", ", key.name(), value_text(key, scope));
    }
    return fmt::format("{{ {} }}", text);
}

std::string Printer::note(std::string_view path) const {
    const auto at = origins_.of(path);
    return at ? fmt::format("line {}", at->line) : "default";
}

void Printer::add_line(std::string_view setting, std::string_view path) {
    out_ += fmt::format("{:<{}} # {}\n", setting, note_column, note(path));
}

std::string Printer::print() {
    for (const Key& key : all_keys()) {
        if (key.table().empty()) print_header(key);
    }
    return std::move(out_);
}

void Printer::print_header(const Key& key) {
    const Scope top{&config_, nullptr, nullptr, nullptr};
    const std::string name(key.name());
    const auto* list = std::get_if<ListSlot>(&key.slot);
    if (list == nullptr) {
        out_ += fmt::format("{}[{}]\n", out_.empty() ? "" : "\n", name);
        print_keys({.schema = name, .path = name, .dotted = "", .scope = top});
        return;
    }
    for (std::size_t i = 0; i < list->size(top); ++i) {
        out_ += fmt::format("\n[[{}]]\n", name);
        print_keys({.schema = key.inner_table(),
                    .path = fmt::format("{}[{}]", name, i),
                    .dotted = "",
                    .scope = list->enter(top, i)});
    }
}

void Printer::print_keys(const Place& place) {
    for (const Key& key : all_keys()) {
        if (key.table() == place.schema) print_key(key, place);
    }
}

void Printer::print_key(const Key& key, const Place& place) {
    const std::string path = fmt::format("{}.{}", place.path, key.name());
    if (std::holds_alternative<ListSlot>(key.slot)) {
        print_list(key, place);
    } else if (std::holds_alternative<TableSlot>(key.slot)) {
        print_keys({.schema = key.inner_table(),
                    .path = path,
                    .dotted = fmt::format("{}{}.", place.dotted, key.name()),
                    .scope = place.scope});
    } else {
        add_line(fmt::format("{}{} = {}", place.dotted, key.name(), value_text(key, place.scope)),
                 path);
    }
}

void Printer::print_list(const Key& key, const Place& place) {
    const ListSlot& list = std::get<ListSlot>(key.slot);
    const std::string path = fmt::format("{}.{}", place.path, key.name());
    add_line(fmt::format("{}{} = [", place.dotted, key.name()), path);
    for (std::size_t i = 0; i < list.size(place.scope); ++i) {
        const std::string element = inline_table(key.inner_table(), list.enter(place.scope, i));
        add_line(fmt::format("    {},", element), fmt::format("{}[{}]", path, i));
    }
    out_ += "]\n";
}

}  // namespace

std::string explain(const Loaded& loaded) {
    return Printer(loaded).print();
}

}  // namespace ringway::config
