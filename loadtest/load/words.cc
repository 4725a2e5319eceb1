#include "loadtest/load/words.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "loadtest/body_pattern.h"
#include "loadtest/load/source_io.h"
#include "loadtest/load/websocket.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

constexpr std::uint32_t connections_max = 1'000'000;
// Of the 28,232 ports that the kernel usually has for connections, most.
constexpr std::uint32_t connections_per_source_max = 28'000;
constexpr std::uint64_t message_bytes_max = 16 << 20;
// Of all connections together, so that the buffers of one thread hold them.
constexpr std::uint64_t messages_bytes_max = 256 << 20;
constexpr std::uint32_t threads_max = 256;
constexpr std::uint64_t receive_buffer_max = 1 << 30;
// Of a table: standard streams, ring, eventfds, and what is being closed while its successor opens.
constexpr std::uint32_t descriptors_spare = 256;

struct Wrong {
    std::string why;
};
using Checked = std::expected<void, Wrong>;

template <class... Arguments>
std::unexpected<Wrong> wrong(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return std::unexpected(Wrong{fmt::format(text, std::forward<Arguments>(arguments)...)});
}

struct Url {
    std::string authority;
    std::string host;
    std::string port = "80";
    std::string path = "/";
};

std::expected<Url, Wrong> read_url(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (text.starts_with("https://")) return wrong("'{}': TLS is not spoken here yet", text);
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
    Url url;
    const std::size_t slash = text.find('/');
    if (slash != text.npos) url.path = text.substr(slash);
    url.authority = text.substr(0, slash);
    const std::size_t colon = url.authority.rfind(':');
    const bool has_port = colon != std::string::npos && !url.authority.ends_with(']');
    url.host = url.authority.substr(0, has_port ? colon : url.authority.size());
    if (has_port) url.port = url.authority.substr(colon + 1);
    if (url.host.starts_with('[') && url.host.ends_with(']')) {
        url.host = url.host.substr(1, url.host.size() - 2);
    }
    std::uint32_t port = 0;
    if (!read_quantity(url.port, port) || port == 0 || port > 65'535) {
        return wrong("'{}' is no port, 1 to 65535 are", url.port);
    }
    if (url.host.empty()) return wrong("'{}' is no URL: http://HOST:PORT/PATH is", text);
    return url;
}

std::expected<core::Address, Wrong> resolve(const Url& url) {
    const addrinfo hints{.ai_flags = AI_NUMERICSERV,
                         .ai_family = AF_UNSPEC,
                         .ai_socktype = SOCK_STREAM,
                         .ai_protocol = 0,
                         .ai_addrlen = 0,
                         .ai_addr = nullptr,
                         .ai_canonname = nullptr,
                         .ai_next = nullptr};
    addrinfo* found = nullptr;
    const int status = getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
    if (status != 0) return wrong("{}:{}: {}", url.host, url.port, gai_strerror(status));
    const core::Address address = core::Address::from(found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return address;
}

template <class Number>
Checked read(const std::string& text, std::string_view name, std::string_view form,
             Number& number) {
    if (!read_quantity(text, number)) return wrong("{}: '{}' is not {}", name, text, form);
    return {};
}

Checked read_share(const std::string& text, std::string_view name, double& share) {
    std::string_view digits = text;
    const bool is_percent = digits.ends_with('%');
    if (is_percent) digits.remove_suffix(1);
    if (!read_quantity(digits, share)) return wrong("{}: '{}' is not a share", name, text);
    if (is_percent) share /= 100;
    if (share > 1) return wrong("{}: a share is 0 to 1, or 0% to 100%", name);
    return {};
}

// "5000", "5k", "5000/s".
Checked read_rate(const std::string& text, double& rate) {
    std::string_view digits = text;
    if (digits.ends_with("/s")) digits.remove_suffix(2);
    double unit = 1;
    if (digits.ends_with('k')) unit = 1'000;
    if (digits.ends_with('m')) unit = 1'000'000;
    if (unit > 1) digits.remove_suffix(1);
    if (!read_quantity(digits, rate) || rate == 0) {
        return wrong("--rate: '{}' is not a rate such as 5000/s or 5k/s", text);
    }
    rate *= unit;
    return {};
}

Checked read_arrivals(const std::string& text, ArrivalKind& kind) {
    if (text != "even" && text != "poisson") return wrong("--arrivals: even or poisson");
    kind = text == "even" ? ArrivalKind::even : ArrivalKind::poisson;
    return {};
}

// As `xxh64sum` prints a hash: sixteen digits.
std::optional<std::uint64_t> read_hash(std::string_view text) {
    constexpr std::string_view kind = "xxh64:";
    if (!text.starts_with(kind)) return {};
    text.remove_prefix(kind.size());
    std::uint64_t hash = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
    const bool is_all = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return is_all && text.size() == 16 ? std::optional{hash} : std::nullopt;
}

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

Checked read_body_check(const std::string& text, Expected& expected) {
    if (text == "any") return {};
    if (text == "pattern") {
        expected.body = BodyCheck::pattern;
    } else if (text == "same") {
        expected.body = BodyCheck::same;
    } else if (const auto hash = read_hash(text)) {
        expected.body = BodyCheck::hash;
        expected.hash = *hash;
    } else {
        return wrong(
            "--expect-body: '{}' is no expectation of a body: any, pattern, same, or xxh64: and "
            "sixteen digits",
            text);
    }
    return {};
}

Checked read_expected(const RequestWords& words, Expected& expected) {
    if (!words.expect_status.empty()) {
        std::uint32_t status = 0;
        if (!read_quantity(words.expect_status, status) || status < 200 || status > 599) {
            return wrong("--expect-status: '{}' is not a status, 200 to 599 are",
                         words.expect_status);
        }
        expected.status = static_cast<std::uint16_t>(status);
    }
    if (!words.expect_length.empty()) {
        const Checked good = read(words.expect_length, "--expect-length", "a number of bytes",
                                  expected.length.emplace());
        if (!good) return good;
    }
    expected.backend_header = lower(words.expect_backend_header);
    return read_body_check(words.expect_body, expected);
}

// In the words of the origin, which has the same of its answers.
Checked read_pace(const RequestWords& words, LoadRequest& request) {
    Settings scratch;
    if (std::string why = try_set(scratch, "delay", words.think); !why.empty()) {
        return wrong("--think: {}", why);
    }
    if (std::string why = try_set(scratch, "drip", words.drip); !why.empty()) {
        return wrong("--drip: {}", why);
    }
    if (scratch.drip.bytes > pattern_piece_max) {
        return wrong("--drip: at most {} bytes at a time", pattern_piece_max);
    }
    request.think = scratch.delay;
    request.drip = scratch.drip;
    return read(words.slow_read, "--slow-read", "a time such as 20ms", request.slow_read);
}

std::expected<LoadRequest, Wrong> read_request(const RequestWords& words, const Url& url,
                                               const LoadWords& words_of_all) {
    LoadRequest request;
    HeadParts parts{.method = words.method,
                    .target = words.path.empty() ? url.path : words.path,
                    .host = url.authority,
                    .fields = words.headers,
                    .closes = words_of_all.closes};
    request.method = method_of(words.method);
    request.name = words.name.empty() ? parts.method + " " + parts.target : words.name;
    for (const std::string& field : words.headers) {
        const std::size_t colon = field.find(':');
        if (colon == field.npos || colon == 0 || field.find_first_of("\r\n") != field.npos) {
            return wrong("--header: '{}' is not 'Name: value'", field);
        }
    }
    const std::string place = parts.method + parts.target;
    if (place.find_first_of(" \r\n") != place.npos) {
        return wrong("'{} {}' cannot be asked for", parts.method, parts.target);
    }
    Checked good = read(words.body, "--body", "a number of bytes", request.body_bytes);
    if (good) good = read(words.weight, "the weight", "a number", request.weight);
    if (good) good = read_expected(words, request.expected);
    if (good) good = read_pace(words, request);
    if (!good) return std::unexpected(good.error());
    parts.body_bytes = request.body_bytes;
    request.head = write_request_head(parts);
    if (words_of_all.number > 0) add_number(request);
    return request;
}

Checked read_requests(const LoadWords& words, const Url& url, LoadOptions& options) {
    double weights = 0;
    for (const RequestWords& one : words.requests) {
        auto request = read_request(one, url, words);
        if (!request) return std::unexpected(request.error());
        weights += request->weight;
        options.requests.push_back(std::move(*request));
    }
    if (options.requests.empty() || weights <= 0) return wrong("there is nothing to ask for");
    return {};
}

Checked read_numbers(const LoadWords& words, LoadOptions& options) {
    Checked good = read_share(words.active, "--active", options.active);
    if (good && !words.rate.empty()) good = read_rate(words.rate, options.rate);
    if (good) good = read_arrivals(words.arrivals, options.arrivals);
    const auto read_time = [&good](const std::string& text, std::string_view name,
                                   core::Duration& time) {
        if (good) good = read(text, name, "a time such as 10s or 500ms", time);
    };
    read_time(words.warm_up, "--warmup", options.warm_up);
    read_time(words.duration, "--duration", options.duration);
    read_time(words.timeout, "--timeout", options.timeout);
    read_time(words.ramp_max, "--ramp", options.ramp_max);
    read_time(words.grace, "--grace", options.grace);
    if (good && options.duration <= core::Duration{0}) good = wrong("--duration: longer than 0");
    if (good && options.timeout <= core::Duration{0}) good = wrong("--timeout: longer than 0");
    return good;
}

Checked set_threads(const LoadWords& words, LoadOptions& options) {
    const std::uint32_t each_max = descriptors_max() - descriptors_spare;
    if (words.connections == 0 || words.connections > connections_max) {
        return wrong("--connections: 1 to {}", connections_max);
    }
    const std::uint32_t needed = (words.connections + each_max - 1) / each_max;
    options.threads = words.threads == 0 ? needed : words.threads;
    if (options.threads > std::min(threads_max, words.connections)) {
        return wrong("--threads: {} is the most for {} connections",
                     std::min(threads_max, words.connections), words.connections);
    }
    if (options.threads < needed) {
        return wrong("{} connections need {} threads, for each may have {} descriptors (ulimit -n)",
                     words.connections, needed, descriptors_max());
    }
    return {};
}

// What is said of a message that only a request has: nobody is to believe that it was looked at.
Checked refuse_for_messages(const RequestWords& said, bool is_first) {
    const RequestWords silent;
    if (said.method != silent.method || said.path != silent.path) {
        return wrong("messages have no method and no path: a WebSocket is the URL's");
    }
    if (said.expect_status != silent.expect_status || said.expect_length != silent.expect_length ||
        said.expect_body != silent.expect_body) {
        return wrong(
            "--websocket: a message has to come back as it was sent, which is all that can be "
            "expected of it; leave --expect-status, -length and -body out");
    }
    if (said.expect_backend_header != silent.expect_backend_header) {
        return wrong("--websocket: messages have no headers; leave --expect-backend-header out");
    }
    if (said.slow_read != silent.slow_read) {
        return wrong(
            "--websocket: echoes are read as they come; leave --slow-read out, --drip sends "
            "messages slowly");
    }
    if (!is_first && !said.headers.empty()) {
        return wrong(
            "--websocket: headers belong to the handshake, of which there is one for all; they "
            "stand in the first [[request]]");
    }
    if (said.body == silent.body) {
        return wrong("--websocket: of how many bytes is a message? --body");
    }
    return {};
}

// Each request becomes a message, whose echo is looked at byte by byte.
Checked set_websocket(const LoadWords& words, const Url& url, LoadOptions& options) {
    if (!words.websocket) return {};
    if (words.closes) return wrong("a WebSocket lives on: --websocket or --close, not both");
    if (words.number > 0) return wrong("messages have no numbers: --websocket or --number");
    for (std::size_t i = 0; i < words.requests.size(); i++) {
        const RequestWords& said = words.requests[i];
        if (Checked good = refuse_for_messages(said, i == 0); !good) return good;
        LoadRequest& request = options.requests[i];
        if (request.body_bytes > message_bytes_max) {
            return wrong("a message is of {} bytes at most", message_bytes_max);
        }
        if (request.body_bytes * words.connections > messages_bytes_max) {
            return wrong("messages of {} bytes on {} connections: {} bytes at once are the most",
                         request.body_bytes, words.connections, messages_bytes_max);
        }
        request.name = said.name.empty() ? fmt::format("{} bytes", request.body_bytes) : said.name;
        request.expected = {.length = request.body_bytes, .body = BodyCheck::pattern};
        request.head = write_pattern_frame(std::exchange(request.body_bytes, 0));
    }
    options.handshake = write_handshake({.host = url.authority, .target = url.path},
                                        words.requests.front().headers);
    return {};
}

Checked set_sources(const LoadWords& words, LoadOptions& options) {
    if (!words.sources.empty()) {
        const auto sources = read_sources(words.sources);
        if (!sources) return wrong("--sources: {}", sources.error());
        options.sources = *sources;
    }
    for (const core::Address& source : options.sources) {
        if (source.family() == options.target.family()) continue;
        return wrong("--sources: nobody reaches {} from {}", options.target.text(), source.text());
    }
    if (words.receive_buffer > receive_buffer_max) {
        return wrong("--receive-buffer: {} bytes are the most", receive_buffer_max);
    }
    options.receive_buffer = static_cast<std::uint32_t>(words.receive_buffer);
    const auto addresses = std::max<std::size_t>(options.sources.size(), 1);
    if (words.connections <= addresses * connections_per_source_max) return {};
    return wrong("{} connections from {} addresses: each has ports for {}; see --sources",
                 words.connections, addresses, connections_per_source_max);
}

Checked understand(const LoadWords& words, LoadOptions& options) {
    if (words.url.empty()) return wrong("whom to ask? http://HOST:PORT/PATH");
    const auto url = read_url(words.url);
    if (!url) return std::unexpected(url.error());
    const auto target = resolve(*url);
    if (!target) return std::unexpected(target.error());
    options.url = words.url;
    options.target = *target;
    options.connections = words.connections;
    options.keeps_alive = !words.closes;
    options.seed = words.seed;
    options.first_number = words.number;
    options.json = words.json;
    options.quiet = words.quiet;
    Checked good = read_requests(words, *url, options);
    if (good) good = set_websocket(words, *url, options);
    if (good) good = read_numbers(words, options);
    if (good) good = set_threads(words, options);
    if (good) good = set_sources(words, options);
    if (good && options.active * words.connections < 1) {
        good = wrong("--active: {} of {} connections is none", words.active, words.connections);
    }
    if (good && words.closes && options.active < 1) {
        good = wrong("connections that are held are kept alive: --active or --close, not both");
    }
    return good;
}

}  // namespace

std::uint32_t descriptors_max() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::uint32_t>(
        std::clamp<rlim_t>(limit.rlim_max, 2UL * descriptors_spare, 1UL << 30));
}

std::expected<LoadOptions, std::string> understand(const LoadWords& words) {
    LoadOptions options;
    if (const Checked good = understand(words, options); !good) {
        return std::unexpected(good.error().why);
    }
    return options;
}

}  // namespace ringway::loadtest
