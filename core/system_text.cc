#include "core/system_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace ringway::core {
namespace {

constexpr std::string_view blanks = " \t\n";

}  // namespace

std::optional<std::string> read_system_text(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::string text;
    char block[4'096];
    ssize_t got = 0;
    while ((got = read(fd, block, sizeof block)) > 0) {
        text.append(block, static_cast<std::size_t>(got));
    }
    close(fd);
    if (got < 0) return std::nullopt;
    return std::string(trimmed(text));
}

std::optional<std::int64_t> read_system_number(const std::string& path) {
    const auto text = read_system_text(path);
    return text ? number_in(*text) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<std::int64_t> number_in(std::string_view text) {
    text = trimmed(text);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
}

}  // namespace ringway::core
