// Where the log's lines go: standard error, a file, or memory. A sink is given whole lines; while
// the log runs only its writer thread calls it, before and after only the control thread. A sink
// may block (a full pipe, a slow disk): the rings in front of it fill and drop, no shard waits.
#pragma once

#include <string>
#include <string_view>

#include "core/metrics.h"
#include "core/result.h"

namespace ringway::core {

class LogSink {
public:
    virtual ~LogSink() = default;
    // One or more lines, each with its end.
    virtual void write(std::string_view lines) = 0;
    virtual void reopen() {}
};

// A descriptor that somebody else owns, such as standard error. Bytes that cannot be written are
// counted and forgotten: a full disk must not stop a balancer.
class DescriptorSink : public LogSink {
public:
    explicit DescriptorSink(int fd) : fd_(fd) {}
    void write(std::string_view lines) override;
    std::uint64_t lost_bytes() const { return lost_bytes_.value(); }

protected:
    int fd_;

private:
    Counter lost_bytes_;
};

// A file that is appended to. After a rotation `reopen` makes a new one of the same name; when
// that fails the old one goes on being written.
class FileSink final : public DescriptorSink {
public:
    explicit FileSink(std::string path);
    ~FileSink() override;
    // What opening the file came to.
    Result<void> status() const;
    void reopen() override;
    int descriptor() const { return fd_; }

private:
    std::string path_;
    int open_errno_ = 0;
};

class MemorySink final : public LogSink {
public:
    void write(std::string_view lines) override { text += lines; }
    std::string text;
};

}  // namespace ringway::core
