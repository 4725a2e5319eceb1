#include "loadtest/origin/options.h"

#include <fmt/core.h>

#include "loadtest/origin/board.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

// An empty string, or what is wrong; as all of these.
std::string read_address(const std::string& text, core::Address& address) {
    const core::Result<core::Address> parsed = core::Address::parse(text);
    if (!parsed) return fmt::format("'{}': {}", text, parsed.error().what);
    address = *parsed;
    return "";
}

std::string set_one(std::string_view word, std::vector<Settings>& backends) {
    std::string_view list = word;
    const std::string_view text = take_until(list, ':');
    std::uint32_t number = 0;
    if (!read_quantity(text, number) || number >= backends.size()) {
        return fmt::format("there is no backend '{}', they are 0 to {}", text, backends.size() - 1);
    }
    std::string why = try_set_all(backends[number], list, ',');
    return why.empty() ? why : fmt::format("backend {}: {}", number, why);
}

std::string set_backends(const OriginWords& words, OriginOptions& options) {
    if (words.backends == 0 || words.backends > Board::backends_max) {
        return fmt::format("{} backends cannot be had, 1 to {} can", words.backends,
                           Board::backends_max);
    }
    Settings settings;
    for (const std::string& word : words.settings) {
        if (std::string why = try_set_all(settings, word, '\n'); !why.empty()) return why;
    }
    options.backends.assign(words.backends, settings);
    for (const std::string& word : words.for_one) {
        if (std::string why = set_one(word, options.backends); !why.empty()) return why;
    }
    return "";
}

std::string understand(const OriginWords& words, OriginOptions& options) {
    if (std::string why = read_address(words.listen, options.listen); !why.empty()) return why;
    if (!words.control.empty()) {
        std::string why = read_address(words.control, options.control.emplace());
        if (!why.empty()) return why;
    }
    options.seed = words.seed;
    options.json = words.json;
    options.processes = words.processes;
    options.log_bytes = words.log_bytes;
    return set_backends(words, options);
}

}  // namespace

std::expected<OriginOptions, std::string> understand(const OriginWords& words) {
    OriginOptions options;
    std::string why = understand(words, options);
    if (!why.empty()) return std::unexpected(std::move(why));
    return options;
}

std::string OriginChild::text() const {
    return fmt::format("{}:{}:{}:{}", board_fd, listen_fd, number, parent);
}

std::optional<OriginChild> OriginChild::parse(std::string_view text) {
    std::uint32_t words[4] = {};
    for (std::uint32_t& word : words) {
        if (!read_quantity(take_until(text, ':'), word)) return {};
    }
    return OriginChild{.board_fd = static_cast<int>(words[0]),
                       .listen_fd = static_cast<int>(words[1]),
                       .number = words[2],
                       .parent = words[3]};
}

}  // namespace ringway::loadtest
