// What of the configuration the life of a request depends on. Plain data, immutable within a
// generation; config/config.h embeds it. Defaults here are the product's defaults.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/address_prefix.h"
#include "core/clock.h"
#include "http/body_framing.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"

namespace ringway::http {

struct ClientSettings {
    core::Duration header_timeout = std::chrono::seconds(10);
    core::Duration body_timeout = std::chrono::seconds(30);  // Between two arrivals of body bytes.
    core::Duration idle_timeout = std::chrono::seconds(75);  // Keep-alive, between requests.
    core::Duration send_timeout = std::chrono::seconds(30);  // Without progress.
    // What was answered in full stays readable for the client while this goes on reading it.
    core::Duration linger_timeout = std::chrono::seconds(30);
    // Bytes per second that must come of a body while it is wanted, over body_timeout, and be taken
    // of an answer, over send_timeout. 0: one byte is enough.
    std::uint32_t rate_min = 240;
};

struct UpstreamTimeouts {
    core::Duration connect = std::chrono::seconds(1);
    core::Duration first_byte = std::chrono::seconds(30);
    core::Duration between_bytes = std::chrono::seconds(30);
    core::Duration total{};  // Of all tries of a request, to the end of its response; 0: none.
    core::Duration idle = std::chrono::seconds(60);      // Of a pooled connection.
    core::Duration tunnel_idle = std::chrono::hours(1);  // Of a WebSocket: without a byte.
};

// Of one backend. 0 is no limit.
struct PoolSettings {
    std::uint32_t connections = 0;  // Of the whole process, divided among its shards.
    std::uint32_t requests_per_connection = 0;
    core::Duration connection_age{};
    // New ones; of the whole process as well.
    std::uint32_t connects_per_second = 0;
};

struct RetrySettings {
    std::uint32_t attempts = 2;       // All tries, the first included.
    double budget = 0.2;              // Share of the group's requests of the last ten seconds.
    std::uint32_t budget_floor = 10;  // Retries per second besides, of the whole group.
    // Statuses that a repeatable request is tried again for.
    std::vector<std::uint16_t> statuses;
    core::Duration per_try_timeout{};  // Until the first byte of an answer; 0: only first_byte.
};

// What becomes of a whole request whose client has gone.
enum class ClientGone : std::uint8_t { cancel, finish };

// The body of our own answers with that status, instead of a line of text.
struct ErrorPage {
    std::uint16_t status = 0;
    std::string content_type;
    std::string text;
};

// The statuses that our own answers have.
inline constexpr std::array<std::uint16_t, 12> own_statuses = {400, 404, 405, 408, 413, 414,
                                                               417, 431, 502, 503, 504, 505};

struct Settings {
    // Clients that are proxies, whose word about their own clients is passed on.
    std::vector<core::AddressPrefix> trusted_proxies;
    std::vector<ErrorPage> error_pages;
    ForwardingSettings forwarding;
    HeadLimits head_limits;
    BodyLimits body_limits;
    std::uint64_t request_body_bytes_max = 0;  // 0: no limit.
    std::uint32_t pipelined_max = 1'000;
    ClientSettings client;

    bool trusts(const core::PackedAddress& peer) const {
        for (const core::AddressPrefix& prefix : trusted_proxies) {
            if (prefix.contains(peer)) return true;
        }
        return false;
    }
};

}  // namespace ringway::http
