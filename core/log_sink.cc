#include "core/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ringway::core {

namespace {

int open_for_append(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

// Standard error may have been made non-blocking by whoever else has it open.
bool is_worth_waiting(int fd) {
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    constexpr int wait_ms = 1000;
    return ::poll(&entry, 1, wait_ms) == 1;
}

}  // namespace

void DescriptorSink::write(std::string_view lines) {
    while (!lines.empty()) {
        const ssize_t written = ::write(fd_, lines.data(), lines.size());
        if (written > 0) {
            lines.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN && is_worth_waiting(fd_)) continue;
        lost_bytes_.add(lines.size());
        return;
    }
}

FileSink::FileSink(std::string path)
    : DescriptorSink(open_for_append(path)), path_(std::move(path)) {
    if (fd_ < 0) open_errno_ = errno;
}

FileSink::~FileSink() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> FileSink::status() const {
    if (open_errno_ == 0) return {};
    return std::unexpected(Error{
        .code = errc_of(open_errno_), .sys = open_errno_, .what = "the log file cannot be opened"});
}

void FileSink::reopen() {
    const int fd = open_for_append(path_);
    open_errno_ = fd < 0 ? errno : 0;
    if (fd < 0) return;
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

}  // namespace ringway::core
