// One generation of the configuration: immutable, validated, plain data. `load` makes it from TOML
// text; a Config that exists is correct. Each room's part is declared in that room's settings.h;
// what concerns the machine as a whole (listen, shards, limits) is declared here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balance/settings.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/log.h"
#include "http/access_line.h"
#include "http/request_key.h"
#include "http/settings.h"
#include "http/sticky_cookie.h"

namespace ringway::config {

struct Listen {
    std::string name;
    core::Address address;
};

struct Backend {
    core::Address address;
    std::uint32_t weight = 1;
    std::uint32_t tier = 0;
    bool backup = false;  // Behind all tiers.
    std::string zone = {};
};

// How a group's requests are shared out. balance/README.md says what each does.
struct Balancing {
    balance::Algorithm algorithm = balance::Algorithm::round_robin;
    http::RequestKey key;
    std::uint32_t key_prefix_v4 = balance::IpPrefixes{}.v4_bits;
    std::uint32_t key_prefix_v6 = balance::IpPrefixes{}.v6_bits;
    std::uint32_t maglev_size = balance::Maglev::size_default;
    std::uint32_t ring_points = balance::RingHash::points_default;
    double load_bound = 0;  // Of the mean load; 0: none.
    double overflow_below = balance::CohortRules{}.overflow_below;
    core::Duration slow_start{};
    std::uint32_t slow_start_requests = 0;
    bool n_minus_one = false;

    balance::Settings settings() const;
};

struct Group {
    std::string name;
    std::vector<Backend> backends;
    http::UpstreamTimeouts timeout;
    http::PoolSettings pool = {};
    http::RetrySettings retry;
    std::vector<std::string> upgrades = {};  // Protocols let through besides websocket.
    http::ClientGone client_gone = http::ClientGone::cancel;
    Balancing balancing = {};
    http::StickySettings sticky = {};
    // From sticky.key_file; empty: drawn at start.
    std::vector<http::StickyKey> sticky_keys = {};
};

struct Shards {
    std::optional<std::uint32_t> count;  // Absent: "auto", one per allowed CPU.
    bool pin = true;
    std::string zone = {};  // Where this ringway stands; empty: zones do not matter.
    core::Duration snapshot_interval = std::chrono::milliseconds(1);
    core::Duration busy_poll = std::chrono::microseconds(12);
};

struct Limits {
    std::uint32_t connections = 100'000;      // Clients, of the whole process.
    std::uint32_t upstream_idle = 1'024;      // Pooled connections per shard and backend.
    std::uint32_t body_memory = 536'870'912;  // Of the whole process.
};

// Where lines go: a file, or one of the words "stdout", "stderr" and "off".
struct AccessLogSettings {
    std::string file = "off";
    http::AccessFormat format = http::AccessFormat::json;
};

struct LogSettings {
    std::string file = "stderr";
    core::LogLevel level = core::LogLevel::info;
    AccessLogSettings access;
};

// By http::own_statuses: files, which `load_file` reads into http.error_pages.
using ErrorFiles = std::array<std::string, http::own_statuses.size()>;
inline constexpr std::string_view built_in_page = "built-in";

struct Config {
    Config() { error_files.fill(std::string(built_in_page)); }

    Shards shards;
    std::vector<Listen> listens;
    std::vector<Group> groups;
    Limits limits;
    http::Settings http;
    LogSettings log;
    ErrorFiles error_files;
    core::Duration shutdown_timeout = std::chrono::seconds(30);  // To finish exchanges on SIGTERM.
};

}  // namespace ringway::config
