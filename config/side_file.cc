#include "config/side_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ringway::config {

namespace {

std::string beside(std::string_view config_file, const std::string& file) {
    const std::size_t slash = config_file.rfind('/');
    if (file.starts_with('/') || slash == std::string_view::npos) return file;
    return fmt::format("{}/{}", config_file.substr(0, slash), file);
}

}  // namespace

std::expected<std::string, std::string> read_side_file(std::string_view config_file,
                                                       const std::string& name,
                                                       std::size_t bytes_max) {
    const std::string path = beside(config_file, name);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::unexpected(std::string(std::strerror(errno)));
    struct stat status{};
    std::string text(bytes_max + 1, '\0');
    ssize_t got = -1;
    const bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (is_file) got = ::pread(fd, text.data(), text.size(), 0);
    const int error = errno;
    ::close(fd);
    if (!is_file) return std::unexpected(std::string("it is not a file"));
    if (got < 0) return std::unexpected(std::string(std::strerror(error)));
    text.resize(static_cast<std::size_t>(got));
    if (text.size() <= bytes_max) return text;
    return std::unexpected(fmt::format("it has more than {} bytes", bytes_max));
}

}  // namespace ringway::config
