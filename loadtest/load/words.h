// A load as people say it, and what is meant by it. The command line and the scenario file fill in
// words; `understand` checks them all together, so that both are refused for the same reasons in
// the same words.
// Used before anything runs; any thread. Names in a URL are resolved here, once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "loadtest/load/options.h"

namespace ringway::loadtest {

// One kind of request.
struct RequestWords {
    std::string name;
    std::string method = "GET";
    std::string path = {};  // Empty: the URL's.
    std::vector<std::string> headers = {};
    std::string body = "0";
    std::string weight = "1";
    std::string think = "none";
    std::string drip = "0";
    std::string slow_read = "0";
    std::string expect_status;
    std::string expect_length;
    std::string expect_body = "any";
    std::string expect_backend_header = {};

    bool operator==(const RequestWords&) const = default;
};

struct LoadWords {
    std::string url = {};
    std::vector<RequestWords> requests = {};
    std::uint32_t connections = 10;
    std::uint32_t threads = 0;  // As many as the descriptor limit asks for.
    std::string active = "1";
    std::string sources = {};
    std::uint64_t receive_buffer = 0;  // Of a socket; 0: the kernel's.
    bool closes = false;
    bool websocket = false;    // A request is a message of `body` bytes, and the same comes back.
    std::uint64_t number = 0;  // Of the first request, in X-Request-Number; 0: they have none.
    std::string rate = {};
    std::string arrivals = "even";
    std::uint64_t seed = 1;
    std::string warm_up = "0";
    std::string duration = "10s";
    std::string timeout = "10s";
    std::string ramp_max = "60s";
    std::string grace = "2s";
    std::string json = {};
    bool quiet = false;
};

// How many descriptors one thread may have.
std::uint32_t descriptors_max();

// The error says what is wrong, and what would be right.
std::expected<LoadOptions, std::string> understand(const LoadWords& words);

}  // namespace ringway::loadtest
