#include "config/load.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/error_pages.h"
#include "config/load_toml.h"
#include "config/reader.h"
#include "config/sticky_keys.h"
#include "config/validate.h"

namespace ringway::config {
namespace {

std::vector<std::string> lines_of(std::vector<Problem> problems, std::string_view file_name) {
    std::ranges::sort(problems, {}, [](const Problem& problem) {
        return std::pair(problem.at, std::string_view(problem.text));
    });
    std::vector<std::string> lines;
    lines.reserve(problems.size());
    for (const Problem& problem : problems) {
        lines.push_back(fmt::format("{}:{}:{}: {}", file_name, problem.at.line, problem.at.column,
                                    problem.text));
    }
    return lines;
}

// Defaults that depend on other settings.
void complete(Config& config) {
    for (Listen& listen : config.listens) {
        if (listen.name.empty()) listen.name = listen.address.text();
    }
}

// The whole file, or the errno. One byte more than the limit is enough to be refused.
std::expected<std::string, int> read_whole(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::unexpected(errno);
    std::string text;
    char block[65'536];
    ssize_t got = 0;
    while (text.size() <= text_bytes_max && (got = read(fd, block, sizeof block)) > 0) {
        text.append(block, static_cast<std::size_t>(got));
    }
    const int error = got < 0 ? errno : 0;
    close(fd);
    if (error != 0) return std::unexpected(error);
    return text;
}

}  // namespace

LoadResult load(Source source) {
    const auto file = load_toml(source.text);
    if (!file) return std::unexpected(lines_of({file.error()}, source.file_name));
    Loaded loaded;
    std::vector<Problem> problems;
    Reader(loaded.config, loaded.origins, problems).read_file(*file);
    validate(loaded.config, loaded.origins, problems);
    if (!problems.empty()) return std::unexpected(lines_of(std::move(problems), source.file_name));
    complete(loaded.config);
    return loaded;
}

LoadResult load_file(const std::string& path) {
    const auto text = read_whole(path);
    if (!text) {
        return std::unexpected(
            std::vector{fmt::format("{}: cannot be read: {}", path, std::strerror(text.error()))});
    }
    LoadResult loaded = load({.text = *text, .file_name = path});
    if (!loaded) return loaded;
    std::vector<Problem> problems;
    read_error_pages(path, *loaded, problems);
    read_sticky_keys(path, *loaded, problems);
    if (!problems.empty()) return std::unexpected(lines_of(std::move(problems), path));
    return loaded;
}

}  // namespace ringway::config
