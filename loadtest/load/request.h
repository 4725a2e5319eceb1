// One kind of request that a load consists of: its bytes, made once, and what its answer has to
// be. A load draws among several by their weights.
// Made before the load begins and then only read; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "loadtest/origin/settings.h"

namespace ringway::loadtest {

enum class BodyCheck : std::uint8_t {
    none,
    pattern,  // As ringway-origin makes them.
    same,     // As the first answer to this kind of request had it.
    hash,     // With this XXH64, as `xxh64sum` prints it.
};

struct Expected {
    std::uint16_t status = 0;  // 0: anything from 200 to 399.
    std::optional<std::uint64_t> length = {};
    BodyCheck body = BodyCheck::none;
    std::uint64_t hash = 0;  // With BodyCheck::hash.
    std::string backend_header =
        {};  // Has to be there and names the backend; empty: not looked at.
};

struct LoadRequest {
    std::string name;  // For the report, "GET /".
    double weight = 1;
    http::Method method = http::Method::get;
    std::string head;  // All that is sent before the body.
    std::uint64_t body_bytes = 0;
    Expected expected = {};
    Delay think = {};  // Between an answer and the next request of the connection, closed loop.
    Drip drip = {};    // The request is sent in such pieces.
    core::Duration slow_read{0};  // Between two reads of the answer.
    std::size_t number_at = 0;    // Where in `head` each request writes its number; 0: nowhere.

    bool drips() const { return drip.bytes > 0; }
    bool is_numbered() const { return number_at > 0; }
};

// What a head is written from.
struct HeadParts {
    std::string method = "GET";
    std::string target = "/";
    std::string host;
    std::vector<std::string> fields = {};  // "name: value".
    std::uint64_t body_bytes = 0;
    bool closes = false;  // A connection per request.
};

http::Method method_of(std::string_view name);
std::string write_request_head(const HeadParts& parts);
// Gives the head an X-Request-Number whose digits are zeros until a request has its own.
void add_number(LoadRequest& request);
// REQUIRES: `head` is that of a request with a number.
void write_number(const LoadRequest& request, std::uint64_t number, std::string& head);

}  // namespace ringway::loadtest
