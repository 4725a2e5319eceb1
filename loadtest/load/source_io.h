// An Io whose sockets come from addresses of its choosing, each in its turn: from one address there
// are no more than 28,000 connections to one server, the number of the kernel's ports for them.
// Sockets may also be made to take little at a time, for clients that read slowly.
// The port is chosen when the connection is made, so one port serves many servers.
// One per generator, its thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/passing_io.h"

namespace ringway::loadtest {

// "20": so many of 127.0.0.1, 127.0.0.2, ...; "10.0.0.1-10.0.0.9"; "10.0.0.1,::1"; with port 0.
// The error says what is wrong.
std::expected<std::vector<core::Address>, std::string> read_sources(std::string_view text);

class SourceIo final : public PassingIo {
public:
    struct Options {
        std::vector<core::Address> sources = {};
        std::size_t first = 0;         // Whose turn it is.
        int receive_buffer_bytes = 0;  // 0: the kernel's usual.
    };
    SourceIo(core::Io& under, const Options& options)
        : PassingIo(under), options_(options), next_(options.first) {}

    core::Result<int> open_socket(const core::Address& peer) override;

private:
    Options options_;
    std::size_t next_;
};

}  // namespace ringway::loadtest
