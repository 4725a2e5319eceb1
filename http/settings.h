// What of the configuration the life of a request depends on. Plain data, immutable within a
// generation; config/config.h embeds it. Defaults here are the product's defaults.
#pragma once

#include "core/clock.h"
#include "http/body_framing.h"
#include "http/h1_parser.h"

namespace ringway::http {

struct ClientSettings {
    core::Duration header_timeout = std::chrono::seconds(10);
    core::Duration body_timeout = std::chrono::seconds(30);  // Between two arrivals of body bytes.
    core::Duration idle_timeout = std::chrono::seconds(75);  // Keep-alive, between requests.
    core::Duration send_timeout = std::chrono::seconds(30);  // Without progress.
};

struct UpstreamTimeouts {
    core::Duration connect = std::chrono::seconds(1);
    core::Duration first_byte = std::chrono::seconds(30);
    core::Duration between_bytes = std::chrono::seconds(30);
    core::Duration idle = std::chrono::seconds(60);  // Of a pooled connection.
};

struct RetrySettings {
    std::uint32_t attempts = 2;  // All tries, the first included.
};

struct Settings {
    HeadLimits head_limits;
    BodyLimits body_limits;
    ClientSettings client;
};

}  // namespace ringway::http
