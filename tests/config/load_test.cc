#include "config/load.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ringway::config {
namespace {

using namespace std::chrono_literals;

// The ten-line file; tests put one thing more into it, from line 7 on.
constexpr std::string_view listen_and_group = R"([[listen]]
address = "0.0.0.0:8080"
[[group]]
name = "web"
backends = ["10.0.0.1:8080", "10.0.0.2:8080"]

)";

LoadResult load_text(std::string_view text) {
    return load({.text = text, .file_name = "ringway.toml"});
}

// Every error of the text, one line each, with the file's name cut off.
std::string errors(std::string_view text) {
    const auto loaded = load_text(text);
    if (loaded) return "no error";
    std::string lines;
    for (const std::string& line : loaded.error()) {
        EXPECT_TRUE(line.starts_with("ringway.toml:")) << line;
        lines += line.substr(line.find(':') + 1) + "\n";
    }
    return lines;
}

std::string errors_after(std::string_view more) {
    return errors(std::string(listen_and_group) + std::string(more));
}

Config config_after(std::string_view more) {
    auto loaded = load_text(std::string(listen_and_group) + std::string(more));
    EXPECT_TRUE(loaded.has_value()) << fmt::format("{}", fmt::join(loaded.error(), "\n"));
    return loaded ? std::move(loaded->config) : Config{};
}

TEST(Load, ReadsTheKeysOfRetries) {
    const Config config = config_after(R"(retry.budget = "12.5%"
retry.budget_floor = 3
retry.statuses = [502, 503]
retry.per_try_timeout = "2s"
timeout.tunnel_idle = "10m"
upgrades = ["TLS/1.0", "h2c"]
)");
    ASSERT_EQ(config.groups.size(), 1U);
    const Group& group = config.groups[0];
    EXPECT_DOUBLE_EQ(group.retry.budget, 0.125);
    EXPECT_EQ(group.retry.budget_floor, 3U);
    EXPECT_EQ(group.retry.statuses, (std::vector<std::uint16_t>{502, 503}));
    EXPECT_EQ(group.retry.per_try_timeout, 2s);
    EXPECT_EQ(group.timeout.tunnel_idle, 10min);
    EXPECT_EQ(group.upgrades, (std::vector<std::string>{"TLS/1.0", "h2c"}));
}

TEST(Load, ReadsTheTableGroupPool) {
    const Config config = config_after(R"([group.pool]
connections = 50
requests_per_connection = 1000
connection_age = "10m"
connects_per_second = 50
)");
    EXPECT_EQ(config.groups[0].pool.connections, 50U);
    EXPECT_EQ(config.groups[0].pool.requests_per_connection, 1'000U);
    EXPECT_EQ(config.groups[0].pool.connection_age, 10min);
    EXPECT_EQ(config.groups[0].pool.connects_per_second, 50U);
}

TEST(Load, RefusesWhatIsNoPercentage) {
    for (const char* text : {"20", "\"20\"", "\"-1%\"", "\"101%\"", "\"%\"", "\" 5%\"", "\"1e1%\"",
                             "\"0x5%\"", "\"nan%\"", "\"inf%\""}) {
        const std::string said = errors_after(fmt::format("retry.budget = {}", text));
        EXPECT_NE(said.find("expected a percentage, \"0%\" to \"100%\""), std::string::npos)
            << text << ": " << said;
    }
}

TEST(Load, RefusesListsOfOtherThings) {
    for (const char* text : {"502", "[\"502\"]", "[399]", "[600]", "[502.0]", "[[502]]"}) {
        const std::string said = errors_after(fmt::format("retry.statuses = {}", text));
        EXPECT_NE(said.find("expected a list of integers, up to 64 of 400 to 599"),
                  std::string::npos)
            << text << ": " << said;
    }
    for (const char* text : {"\"h2c\"", "[1]", "[\"\"]", "[\"a b\"]", "[\"a,b\"]"}) {
        const std::string said = errors_after(fmt::format("upgrades = {}", text));
        EXPECT_NE(said.find("expected a list of names, up to 16 such as"), std::string::npos)
            << text << ": " << said;
    }
}

TEST(Load, TheTenLineFileIsEnough) {
    const Config config = config_after("");
    ASSERT_EQ(config.listens.size(), 1U);
    EXPECT_EQ(config.listens[0].address.text(), "0.0.0.0:8080");
    EXPECT_EQ(config.listens[0].name, "0.0.0.0:8080");
    ASSERT_EQ(config.groups.size(), 1U);
    EXPECT_EQ(config.groups[0].name, "web");
    ASSERT_EQ(config.groups[0].backends.size(), 2U);
    EXPECT_EQ(config.groups[0].backends[1].address.text(), "10.0.0.2:8080");
    EXPECT_EQ(config.groups[0].backends[1].weight, 1U);
    EXPECT_EQ(config.groups[0].timeout.connect, 1s);
    EXPECT_FALSE(config.shards.count.has_value());
}

TEST(Load, EverySettingReachesItsPlace) {
    const Config config = config_after(
        R"(timeout = { connect = "2s", first_byte = "3s", idle = "4s", between_bytes = "5s" }
retry.attempts = 3
[shards]
count = 4
pin = false
[client.timeout]
header = "1s"
body = "2s"
idle = "3s"
send = "4s"
[limits]
connections = 10
upstream_idle = 0
header_bytes = "16k"
header_count = 64
request_line_bytes = 4096
body_bytes = "8g"
pipelined = 5
chunk_extension_bytes = 0
trailer_bytes = "1k"
[shutdown]
timeout = "0s"
[forwarding]
x_forwarded_for = false
x_real_ip = true
trailers = false
trusted_proxies = ["10.0.0.0/8", "::1"]
[errors]
502 = "sorry.html"
[log]
file = "/var/log/ringway/ringway.log"
level = "debug"
access = { file = "stdout", format = "text" }
)");
    const Group& group = config.groups[0];
    EXPECT_EQ(group.timeout.connect, 2s);
    EXPECT_EQ(group.timeout.first_byte, 3s);
    EXPECT_EQ(group.timeout.idle, 4s);
    EXPECT_EQ(group.timeout.between_bytes, 5s);
    EXPECT_EQ(group.retry.attempts, 3U);
    EXPECT_EQ(config.shards.count, 4U);
    EXPECT_FALSE(config.shards.pin);
    EXPECT_EQ(config.http.client.header_timeout, 1s);
    EXPECT_EQ(config.http.client.body_timeout, 2s);
    EXPECT_EQ(config.http.client.idle_timeout, 3s);
    EXPECT_EQ(config.http.client.send_timeout, 4s);
    EXPECT_EQ(config.limits.connections, 10U);
    EXPECT_EQ(config.limits.upstream_idle, 0U);
    EXPECT_EQ(config.http.head_limits.header_bytes_max, 16'384U);
    EXPECT_EQ(config.http.head_limits.header_count_max, 64U);
    EXPECT_EQ(config.http.head_limits.request_line_max, 4'096U);
    EXPECT_EQ(config.http.request_body_bytes_max, std::uint64_t{8} << 30);
    EXPECT_EQ(config.http.pipelined_max, 5U);
    EXPECT_EQ(config.http.body_limits.chunk_extension_bytes_max, 0U);
    EXPECT_EQ(config.http.body_limits.trailer_bytes_max, 1'024U);
    EXPECT_EQ(config.shutdown_timeout, 0s);
    EXPECT_FALSE(config.http.forwarding.x_forwarded_for);
    EXPECT_TRUE(config.http.forwarding.x_real_ip);
    EXPECT_FALSE(config.http.forwarding.trailers);
    ASSERT_EQ(config.http.trusted_proxies.size(), 2U);
    EXPECT_EQ(config.http.trusted_proxies[0].text(), "10.0.0.0/8");
    EXPECT_EQ(std::ranges::count(config.error_files, "sorry.html"), 1);
    EXPECT_EQ(config.log.file, "/var/log/ringway/ringway.log");
    EXPECT_EQ(config.log.level, core::LogLevel::debug);
    EXPECT_EQ(config.log.access.file, "stdout");
    EXPECT_EQ(config.log.access.format, http::AccessFormat::text);
}

TEST(LoadErrors, AWordOrAFileThatCannotBeMeantIsToldWhatCould) {
    EXPECT_EQ(
        errors_after("[log]\nlevel = \"loud\"\naccess.format = \"xml\"\naccess.file = \"\"\n"),
        "8:9: level is the string \"loud\"; expected a word, \"debug\", \"info\", \"warning\" or "
        "\"error\"\n"
        "9:17: format is the string \"xml\"; expected a word, \"text\" or \"json\"\n"
        "10:15: file is the string \"\"; expected a file name, \"off\", \"stdout\", \"stderr\", or "
        "a path "
        "without quotes and control characters\n");
    EXPECT_EQ(errors_after("client_gone = \"finnish\"\n"),
              "7:15: client_gone is the string \"finnish\"; expected a word, \"cancel\" or "
              "\"finish\"; did you mean \"finish\"?\n");
}

TEST(Load, ABackendIsAnAddressOrATable) {
    const auto loaded = load_text(R"([[listen]]
name = "edge"
address = "[::]:80"
[[group]]
name = "web"
backends = [
  "10.0.0.1:8080",
  { address = "unix:/run/app.sock", weight = 3 },
]
[shards]
count = "auto"
)");
    ASSERT_TRUE(loaded.has_value()) << loaded.error()[0];
    EXPECT_EQ(loaded->config.listens[0].name, "edge");
    EXPECT_TRUE(loaded->config.groups[0].backends[1].address.is_unix());
    EXPECT_EQ(loaded->config.groups[0].backends[1].weight, 3U);
}

TEST(Load, RemembersWhereEachSettingWasWritten) {
    const auto loaded = load_text(listen_and_group);
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->origins.of("listen[0].address"), (Position{2, 11}));
    EXPECT_EQ(loaded->origins.of("group[0].backends[1].address"), (Position{5, 30}));
    EXPECT_EQ(loaded->origins.of("limits.connections"), std::nullopt);
}

TEST(LoadErrors, AnUnknownKeyNamesTheNearest) {
    EXPECT_EQ(errors("[[listen]]\nadress = \"0.0.0.0:80\"\n[[group]]\nname = \"web\"\n"
                     "backends = [{ address = \"10.0.0.1:80\", wieght = 2 }]\n"),
              "2:1: unknown key \"adress\" in [[listen]]; did you mean \"address\"?\n"
              "5:40: unknown key \"wieght\" in [[group]] backends; did you mean \"weight\"?\n");
    EXPECT_EQ(errors_after("timeout = { conect = \"1s\" }"),
              "7:13: unknown key \"conect\" in [group.timeout]; did you mean \"connect\"?\n");
    EXPECT_EQ(errors_after("  [limit]\nconnections = 1"),
              "7:3: unknown key \"limit\" in the file; did you mean \"limits\"?\n");
}

TEST(LoadErrors, AKeyInTheWrongTableIsToldItsOwn) {
    EXPECT_EQ(errors_after("connects_per_second = 5"),
              "7:1: unknown key \"connects_per_second\" in [[group]]; it belongs in [group.pool]: "
              "write pool.connects_per_second\n");
    EXPECT_EQ(errors_after("[limits]\nconnect = \"1s\""),
              "8:1: unknown key \"connect\" in [limits]; it belongs in [group.timeout]\n");
}

TEST(LoadErrors, AKeyLikeNoneIsToldWhatThereIs) {
    EXPECT_EQ(errors_after("[shards]\n\"a\\nb\" = 1"),
              "8:1: unknown key \"a\\x0ab\" in [shards]; known are count, pin, zone, "
              "snapshot_interval, busy_poll\n");
}

TEST(LoadErrors, AWrongTypeNamesBoth) {
    EXPECT_EQ(errors_after("timeout.connect = 5"),
              "7:19: connect is the integer 5; expected a duration, \"1ms\" to \"1h\"\n");
    EXPECT_EQ(errors_after("[shards]\npin = 1"),
              "8:7: pin is the integer 1; expected a boolean, true or false\n");
    EXPECT_EQ(errors_after("[shards]\ncount = 1.5"),
              "8:9: count is the real number 1.5; expected an integer or \"auto\", 1 to 1024\n");
    EXPECT_EQ(errors_after("[limits]\nconnections = \"many\""),
              "8:15: connections is the string \"many\"; expected an integer, 1 to 10000000\n");
    EXPECT_EQ(errors_after("[limits]\nheader_bytes = 2026-11-20"),
              "8:16: header_bytes is the date or time 2026-11-20; expected a size, 512 to 65535\n");
    EXPECT_EQ(errors_after("retry = 3"),
              "7:9: retry is the integer 3; expected a table of attempts, budget, budget_floor, "
              "statuses, "
              "per_try_timeout\n");
    EXPECT_EQ(errors_after("retry.attempts = [3]"),
              "7:18: attempts is an array; expected an integer, 1 to 10\n");
    EXPECT_EQ(errors_after("retry.attempts = true"),
              "7:18: attempts is the boolean true; expected an integer, 1 to 10\n");
}

TEST(LoadErrors, ABadDurationNamesTheRange) {
    EXPECT_EQ(errors_after("timeout.connect = \"1 parsec\""),
              "7:19: connect is the string \"1 parsec\"; expected a duration, \"1ms\" to \"1h\"\n");
    EXPECT_EQ(errors_after("timeout.connect = \"0s\""),
              "7:19: connect is the string \"0s\"; expected a duration, \"1ms\" to \"1h\"\n");
    EXPECT_EQ(errors_after("[shutdown]\ntimeout = \"25h\""),
              "8:11: timeout is the string \"25h\"; expected a duration, \"0s\" to \"24h\"\n");
}

TEST(LoadErrors, ACountOutOfRangeNamesTheRange) {
    EXPECT_EQ(errors_after("[shards]\ncount = 0"),
              "8:9: count is the integer 0; expected an integer or \"auto\", 1 to 1024\n");
    EXPECT_EQ(errors_after("[shards]\ncount = -1"),
              "8:9: count is the integer -1; expected an integer or \"auto\", 1 to 1024\n");
    EXPECT_EQ(errors_after("[limits]\nconnections = 99999999999999999999"),
              "8:15: connections is the integer 99999999999999999999; expected an integer, 1 to "
              "10000000\n");
    EXPECT_EQ(errors_after("[limits]\nheader_bytes = \"64k\""),
              "8:16: header_bytes is the string \"64k\"; expected a size, 512 to 65535\n");
}

TEST(LoadErrors, ABadAddressSaysWhatIsBadAboutIt) {
    const auto listening = [](std::string_view address) {
        return errors(
            fmt::format("[[listen]]\naddress = \"{}\"\n[[group]]\nname = \"web\"\n"
                        "backends = [\"10.0.0.1:80\"]\n",
                        address));
    };
    EXPECT_EQ(listening("0.0.0.0:0"),
              "2:11: address is the string \"0.0.0.0:0\"; expected an address: the port is 0\n");
    EXPECT_EQ(listening("0.0.0.0"),
              "2:11: address is the string \"0.0.0.0\"; expected an address: the port is missing, "
              "as in '10.0.0.1:8080'\n");
    EXPECT_EQ(listening("0.0.0.0:65536"),
              "2:11: address is the string \"0.0.0.0:65536\"; expected an address: the port is "
              "above 65535\n");
    EXPECT_EQ(listening("unix:/run/ringway.sock"), "no error");
}

TEST(LoadErrors, WhatIsRequiredIsMissed) {
    EXPECT_EQ(errors(""),
              "1:1: the file lacks [[group]]: Backends that serve the same thing.\n"
              "1:1: the file lacks [[listen]]: An address that clients connect to.\n");
    EXPECT_EQ(errors("[[listen]]\n[[group]]\nname = \"web\"\n"),
              "1:1: [[listen]] lacks \"address\": IP address and port, or UNIX socket, to accept "
              "connections on.\n"
              "2:1: [[group]] lacks \"backends\": The servers: addresses, or tables where one has "
              "more to say.\n");
    EXPECT_EQ(errors("listen = []\n[[group]]\nname = \"web\"\nbackends = []"),
              "1:10: listen is empty; expected at least one element\n"
              "4:12: backends is empty; expected at least one element\n");
}

TEST(LoadErrors, AListIsNotATableNorAValue) {
    EXPECT_EQ(errors("[listen]\naddress = \"0.0.0.0:80\"\n[[group]]\nname = \"web\"\n"
                     "backends = \"10.0.0.1:80\""),
              "1:1: listen is a table; expected an array of tables: write it in double brackets\n"
              "5:12: backends is the string \"10.0.0.1:80\"; expected an array of addresses or "
              "tables\n");
    EXPECT_EQ(errors("listen = [5]\n[[group]]\nname = \"web\"\nbackends = [8080]"),
              "1:11: an element of listen is the integer 5; expected a table\n"
              "4:13: an element of backends is the integer 8080; expected an address or a table\n");
}

TEST(LoadErrors, NamesAndAddressesStandOnce) {
    EXPECT_EQ(errors_after("[[listen]]\naddress = \"0.0.0.0:8080\"\n"),
              "8:11: the listen address \"0.0.0.0:8080\" stands on line 2 already\n");
    EXPECT_EQ(errors("[[listen]]\nname = \"a\"\naddress = \"0.0.0.0:1\"\n[[listen]]\nname = \"a\"\n"
                     "address = \"0.0.0.0:2\"\n[[group]]\nname = \"web\"\n"
                     "backends = [\"10.0.0.1:80\", \"10.0.0.1:80\"]"),
              "5:8: the listen name \"a\" stands on line 2 already\n"
              "9:28: the backend \"10.0.0.1:80\" stands on line 9 already; for a larger share give "
              "it a weight\n");
}

TEST(LoadErrors, ASecondGroupWaitsForRoutes) {
    EXPECT_EQ(errors_after("[[group]]\nname = \"web\"\nbackends = [\"10.0.0.1:80\"]\n"),
              "7:1: a second [[group]]; only one can be used until routes exist\n"
              "8:8: the group name \"web\" stands on line 4 already\n");
}

TEST(LoadErrors, LimitsFitOneAnother) {
    EXPECT_EQ(
        errors_after("[limits]\nheader_bytes = \"4k\""),
        "8:16: request_line_bytes (8192) is more than header_bytes (4096), which includes the "
        "request line\n");
}

TEST(LoadErrors, ABadNameIsRefused) {
    for (const char* name : {"", "a b", "a\\\"b", "a\\nb", "\xc3\xa4"}) {
        EXPECT_TRUE(load_text(fmt::format("[[listen]]\naddress = \"0.0.0.0:80\"\n[[group]]\nname = "
                                          "\"{}\"\nbackends = [\"10.0.0.1:80\"]\n",
                                          name))
                        .error()[0]
                        .ends_with("expected a name, 1 to 64 visible ASCII characters, without "
                                   "quotes"))
            << name;
    }
}

TEST(LoadErrors, AllAreToldAtOnceInTheOrderOfTheFile) {
    EXPECT_EQ(errors("[shards]\npin = 3\ncuont = 1\n[[listen]]\naddress = \"x\"\n"),
              "1:1: the file lacks [[group]]: Backends that serve the same thing.\n"
              "2:7: pin is the integer 3; expected a boolean, true or false\n"
              "3:1: unknown key \"cuont\" in [shards]; did you mean \"count\"?\n"
              "5:11: address is the string \"x\"; expected an address: the port is missing, as in "
              "'10.0.0.1:8080'\n");
}

TEST(LoadErrors, ASyntaxErrorIsOneLine) {
    EXPECT_EQ(errors("[[listen]]\naddress = 0.0.0.0:80\n"),
              "2:14: not TOML: invalid line format: expected newline, but got '.'\n");
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
    EXPECT_EQ(load_file("/nowhere/ringway.toml").error()[0],
              "/nowhere/ringway.toml: cannot be read: No such file or directory");
    EXPECT_EQ(load_file("/").error()[0], "/: cannot be read: Is a directory");
}

}  // namespace
}  // namespace ringway::config
