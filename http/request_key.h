// What of a request stays the same where its requests belong together: the key that hash
// algorithms hash. Written in the configuration as parts joined by "+": `client`, `host`, `path`,
// `header:NAME`, `cookie:NAME`, `query:NAME`.
//
// The hash is fixed for ever (core/hash.h): every ringway with the same list of backends sends the
// same key to the same one. Immutable within a generation; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace ringway::http {

class RequestKey {
public:
    enum class Kind : std::uint8_t { client, host, path, header, cookie, query };

    struct Part {
        Kind kind;
        std::string name;  // Of a header, in lower case; of a cookie or parameter.

        bool operator==(const Part&) const = default;
    };

    static constexpr std::size_t parts_max = 8;

    RequestKey() : parts_{{.kind = Kind::client, .name = {}}} {}

    // Nothing when that is no key.
    static std::optional<RequestKey> parse(std::string_view text);
    std::string text() const;

    // `client` stands for the client's network. Nothing when the request has none of the parts:
    // then it belongs nowhere in particular.
    std::optional<std::uint64_t> hash(const RequestHead& head, std::uint64_t client) const;
    // The same of a request that has these, one for each part; what stands for `client` is not
    // looked at.
    std::uint64_t hash(std::span<const std::string_view> values, std::uint64_t client) const;

    const std::vector<Part>& parts() const { return parts_; }

    bool operator==(const RequestKey&) const = default;

private:
    std::vector<Part> parts_;
};

}  // namespace ringway::http
