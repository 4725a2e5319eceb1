#include "config/error_pages.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>

namespace ringway::config {

namespace {

std::string_view content_type_of(std::string_view file) {
    if (file.ends_with(".html") || file.ends_with(".htm")) return "text/html; charset=utf-8";
    if (file.ends_with(".json")) return "application/json";
    return "text/plain; charset=utf-8";
}

std::string beside(std::string_view config_file, const std::string& file) {
    const std::size_t slash = config_file.rfind('/');
    if (file.starts_with('/') || slash == std::string_view::npos) return file;
    return fmt::format("{}/{}", config_file.substr(0, slash), file);
}

// The page, or why there is none. Not waiting for what is no file: a pipe would never answer.
std::expected<std::string, std::string> read_page(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::unexpected(std::string(std::strerror(errno)));
    struct stat status{};
    std::string text(error_page_bytes_max + 1, '\0');
    ssize_t got = -1;
    const bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (is_file) got = ::pread(fd, text.data(), text.size(), 0);
    const int error = errno;
    ::close(fd);
    if (!is_file) return std::unexpected(std::string("it is not a file"));
    if (got < 0) return std::unexpected(std::string(std::strerror(error)));
    text.resize(static_cast<std::size_t>(got));
    if (text.size() <= error_page_bytes_max) return text;
    return std::unexpected(fmt::format("it has more than {} bytes", error_page_bytes_max));
}

}  // namespace

void read_error_pages(std::string_view file_name, Loaded& loaded, std::vector<Problem>& problems) {
    for (std::size_t i = 0; i < http::own_statuses.size(); i++) {
        const std::string& file = loaded.config.error_files[i];
        if (file == built_in_page) continue;
        const std::uint16_t status = http::own_statuses[i];
        auto text = read_page(beside(file_name, file));
        if (text) {
            loaded.config.http.error_pages.push_back(
                {.status = status,
                 .content_type = std::string(content_type_of(file)),
                 .text = std::move(*text)});
            continue;
        }
        const auto at = loaded.origins.of(fmt::format("errors.{}", status));
        problems.push_back({at.value_or(Position{}),
                            fmt::format("the page \"{}\" cannot be read: {}", file, text.error())});
    }
}

}  // namespace ringway::config
