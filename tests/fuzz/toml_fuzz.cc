// A configuration file of any bytes: it is taken or refused, and both in an orderly way. What is
// taken explains itself as a file that means the same; what is refused is refused with lines that
// are printable and point into the file.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "config/explain.h"
#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

namespace ringway::fuzz {
namespace {

std::string without_notes(std::string_view explained) {
    std::string out;
    while (!explained.empty()) {
        const std::string_view line = explained.substr(0, explained.find('\n'));
        explained.remove_prefix(line.size() + 1);
        out += line.substr(0, line.rfind(" # "));
        out += '\n';
    }
    return out;
}

void check_taken(const config::Loaded& loaded) {
    const std::string explained = config::explain(loaded);
    const auto again = config::load({.text = explained, .file_name = "explained.toml"});
    CHECK(again.has_value());
    CHECK(without_notes(explained) == without_notes(config::explain(*again)));
}

void check_refused(std::string_view line, std::string_view text) {
    CHECK(line.starts_with("fuzz.toml:"));
    CHECK(std::ranges::none_of(line, [](char c) { return c >= 0 && c < ' '; }));
    std::size_t number = 0;
    line.remove_prefix(std::string_view("fuzz.toml:").size());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    CHECK(error == std::errc{} && *end == ':');
    // An error at the end of the text may be on the line after the last.
    CHECK(number >= 1 && number <= static_cast<std::size_t>(std::ranges::count(text, '\n')) + 2);
}

}  // namespace

FUZZ_TARGET(toml) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto loaded = config::load({.text = text, .file_name = "fuzz.toml"});
    if (loaded) {
        check_taken(*loaded);
    } else {
        CHECK(!loaded.error().empty());
        for (const std::string& line : loaded.error()) check_refused(line, text);
    }
}

}  // namespace ringway::fuzz
