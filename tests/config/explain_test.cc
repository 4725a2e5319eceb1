#include "config/explain.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

constexpr std::string_view text = R"([[listen]]
address = "0.0.0.0:8080"

[[group]]
name = "web"
backends = ["10.0.0.1:8080", { address = "10.0.0.2:8080", weight = 3 }]
retry.attempts = 1

[limits]
header_bytes = "16k"
trailer_bytes = 1000
)";

Loaded loaded_from(std::string_view source) {
    auto loaded = load({.text = source, .file_name = "ringway.toml"});
    EXPECT_TRUE(loaded.has_value()) << loaded.error()[0];
    return std::move(*loaded);
}

std::string without_notes(std::string_view explained) {
    std::string out;
    while (!explained.empty()) {
        const std::string_view line = explained.substr(0, explained.find('\n'));
        explained.remove_prefix(line.size() + 1);
        out += std::string(line.substr(0, line.find(" # "))) + "\n";
    }
    return out;
}

constexpr std::string_view explained_text = R"([shards]
count = "auto"                               # default
pin = true                                   # default
zone = "none"                                # default
snapshot_interval = "1ms"                    # default
busy_poll = "12us"                           # default

[[listen]]
address = "0.0.0.0:8080"                     # line 2
name = "0.0.0.0:8080"                        # default

[[group]]
name = "web"                                 # line 5
backends = [                                 # line 6
    { address = "10.0.0.1:8080", weight = 1, tier = 0, backup = false, zone = "none" }, # line 6
    { address = "10.0.0.2:8080", weight = 3, tier = 0, backup = false, zone = "none" }, # line 6
]
algorithm = "round_robin"                    # default
key = "client"                               # default
key_prefix_v4 = 32                           # default
key_prefix_v6 = 64                           # default
maglev_size = 65537                          # default
ring_points = 160                            # default
load_bound = "0%"                            # default
overflow_below = "70%"                       # default
slow_start = "0s"                            # default
slow_start_requests = 0                      # default
n_minus_one = false                          # default
sticky.cookie = "off"                        # default
sticky.ttl = "1h"                            # default
sticky.key_file = "drawn"                    # default
sticky.path = "/"                            # default
sticky.domain = "none"                       # default
sticky.secure = false                        # default
sticky.http_only = true                      # default
sticky.same_site = "lax"                     # default
timeout.connect = "1s"                       # default
timeout.first_byte = "30s"                   # default
timeout.between_bytes = "30s"                # default
timeout.total = "0s"                         # default
timeout.idle = "1m"                          # default
timeout.tunnel_idle = "1h"                   # default
pool.connections = 0                         # default
pool.requests_per_connection = 0             # default
pool.connection_age = "0s"                   # default
pool.connects_per_second = 0                 # default
retry.attempts = 1                           # line 7
retry.budget = "20%"                         # default
retry.budget_floor = 10                      # default
retry.statuses = []                          # default
retry.per_try_timeout = "0s"                 # default
upgrades = []                                # default
client_gone = "cancel"                       # default

[client]
timeout.header = "10s"                       # default
timeout.body = "30s"                         # default
timeout.idle = "75s"                         # default
timeout.send = "30s"                         # default
timeout.linger = "30s"                       # default
rate_min = 240                               # default

[forwarding]
x_forwarded_for = true                       # default
x_forwarded_proto = true                     # default
x_forwarded_host = true                      # default
x_forwarded_port = false                     # default
x_real_ip = false                            # default
via = true                                   # default
via_in_responses = false                     # default
x_request_id = true                          # default
forwarded = false                            # default
trailers = true                              # default
proxy_status = false                         # default
server_timing = false                        # default
trusted_proxies = []                         # default

[errors]
400 = "built-in"                             # default
404 = "built-in"                             # default
405 = "built-in"                             # default
408 = "built-in"                             # default
413 = "built-in"                             # default
414 = "built-in"                             # default
417 = "built-in"                             # default
431 = "built-in"                             # default
502 = "built-in"                             # default
503 = "built-in"                             # default
504 = "built-in"                             # default
505 = "built-in"                             # default

[limits]
connections = 100000                         # default
upstream_idle = 1024                         # default
body_memory = "512m"                         # default
header_bytes = "16k"                         # line 10
header_count = 128                           # default
request_line_bytes = "8k"                    # default
body_bytes = 0                               # default
pipelined = 1000                             # default
chunk_extension_bytes = 256                  # default
trailer_bytes = 1000                         # line 11

[log]
file = "stderr"                              # default
level = "info"                               # default
access.file = "off"                          # default
access.format = "json"                       # default

[shutdown]
timeout = "30s"                              # default
)";

TEST(Explain, NamesEveryValueAndWhereItComesFrom) {
    EXPECT_EQ(explain(loaded_from(text)), explained_text);
}

TEST(Explain, IsAFileThatMeansTheSame) {
    const std::string once = explain(loaded_from(text));
    const std::string twice = explain(loaded_from(once));
    EXPECT_EQ(without_notes(once), without_notes(twice));
    EXPECT_EQ(twice.find("# default"), std::string::npos) << twice;
}

}  // namespace
}  // namespace ringway::config
